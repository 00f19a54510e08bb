'use strict';
// Keeps a stage registered: docs/broker.md. A lease is renewed at a third of its time; only when the broker does not know it
// does the stage register again, and not at all when another process has taken its id.
const { setTimeout: sleep } = require('timers/promises');
const { authorization, grpc, load } = require('./contracts');
const { read } = require('./streams');

const { Broker } = load('broker/v1/broker.proto').broker.v1;
const RETRY = 500;
const ANSWER_TIMEOUT = 5_000;

class Registration {
  constructor(instance) {
    const address = process.env.services__broker__grpc__0 ?? 'http://127.0.0.1:5070';
    this.instance = instance;
    this.headers = new grpc.Metadata();
    this.headers.set('authorization', authorization);
    this.broker = new Broker(address.replace(/^http:\/\//, ''), grpc.credentials.createInsecure(), {
      'grpc.keepalive_time_ms': 2_000,
      'grpc.keepalive_timeout_ms': 5_000,
      'grpc.enable_http_proxy': 0,
      'grpc.max_reconnect_backoff_ms': 1_000,
    });
    this.draining = new AbortController();
  }

  /** Registers, and renews the lease until the end of the process. */
  async run() {
    for (;;) {
      try {
        this.lease ??= await this.call('Register', { instance: this.instance });
        const replaced = await this.keepAlive(this.lease);
        this.lease = undefined;
        if (replaced) {
          console.error(`another process has registered as ${this.instance.instance_id}: this one takes nothing new; end one of the two`);
          return;
        }
      } catch (error) {
        if (this.ended) return;
        if (!this.away) console.error(`the broker cannot be reached, trying on: ${error.details || error.message}`);
        this.away = true;
      }
      await sleep(RETRY);
    }
  }

  /** Tells that the stage takes nothing new. */
  drain() {
    this.draining.abort();
  }

  /** Takes the stage out of the registry. */
  async end() {
    this.ended = true;
    if (!this.lease) return;
    const { instance: { instance_id }, lease: { lease_id } } = this;
    await this.call('Unregister', { instance_id, lease_id }).catch(() => {}); // else the lease runs out
  }

  // Returns when the broker does not know the lease; true: another process has the id.
  async keepAlive({ lease_id, ttl_ms }) {
    const third = Number(ttl_ms) / 3;
    const renewals = this.broker.KeepAlive(this.headers);
    const answers = read(renewals);
    for (;;) {
      const draining = this.draining.signal.aborted;
      renewals.write({ lease_id, draining });
      const late = setTimeout(() => renewals.cancel(), 2 * third);
      const { value, done } = await answers.next().finally(() => clearTimeout(late));
      if (done) throw new Error('it ended the stream of renewals');
      if (!value.known) {
        renewals.end();
        return value.replaced;
      }
      this.away = false;
      // That it drains is told at once.
      await sleep(third, undefined, draining ? {} : { signal: this.draining.signal }).catch(() => {});
    }
  }

  call(method, request) {
    return new Promise((resolve, reject) => this.broker[method](
      request, this.headers, { deadline: Date.now() + ANSWER_TIMEOUT }, (error, answer) => error ? reject(error) : resolve(answer)));
  }
}

module.exports = { Registration };
