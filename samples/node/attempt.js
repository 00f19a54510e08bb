'use strict';
// One call of pipeline.v1.Stage: a stage's part in one attempt at one run. It opens the hop below, lets batches through the stage's work,
// hands on all else as it came, and relays the answers. pipeline/v1/stage.proto is the contract.
const { authorization, grpc, limits, load } = require('./contracts');
const { StageFailure, fromBelow } = require('./failure');
const { read, write } = require('./streams');

const { Stage } = load('pipeline/v1/stage.proto').pipeline.v1;
const PAGE_TIMEOUT = 30_000;
const PROGRESS_INTERVAL = 1_000;

/** A connection of its own for each attempt; pings find a hop that hangs. */
const OPTIONS = {
  ...limits,
  'grpc.keepalive_time_ms': 2_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_retries': 0,
  'grpc.enable_http_proxy': 0,
};

/** The time for each page of RunOpened: the stage above waits longer, so that the one above a silent hop names it. */
function pageTimeout({ path, route }) {
  return path.length === 0 ? PAGE_TIMEOUT : Math.round(PAGE_TIMEOUT * (1 - (path.length - 1 - route.length) / (4 * path.length)));
}

class Attempt {
  constructor(stage, call) {
    this.stage = stage;
    this.call = call;
    this.filtered = 0; // events that were dropped and not yet told to the hop below
    const { instanceId: instance_id, role } = stage;
    this.metrics = { instance_id, role, items_in: 0, items_out: 0, filtered: 0, rejected: 0, batches_in: 0, batches_out: 0 };
    this.cpuBefore = process.cpuUsage();
  }

  /** The figures of this stage, as far as it has them. */
  figures() {
    const { user, system } = process.cpuUsage(this.cpuBefore);
    const { maxRSS } = process.resourceUsage();
    return { ...this.metrics, process_cpu_micros: user + system, process_peak_rss_bytes: maxRSS * 1024, checkpoint_age_micros: -1 };
  }

  async run() {
    const input = read(this.call);
    const open = (await input.next()).value?.open_run;
    if (!open?.options || !open.run_id || !(open.attempt > 0) || open.route.length === 0) {
      this.refuse('the first message is no OpenRun with run_id, attempt, options and a hop below');
    }
    this.hop = open.route[0];
    const client = new Stage(this.hop.address.replace(/^http:\/\//, ''), grpc.credentials.createInsecure(), OPTIONS);
    try {
      this.below = client.Process(this.headers());
      this.call.on('cancelled', () => this.below.cancel());
      const answers = read(this.below);
      // The ring is an offer to this stage alone, which does not take it up.
      await write(this.below, { open_run: { ...open, route: open.route.slice(1), ring: null } });
      await this.open(open, answers);
      this.progress = setInterval(() => this.call.write({ progress: { metrics: this.figures() } }), PROGRESS_INTERVAL);
      await Promise.all([this.handDown(input), this.handUp(answers)]).finally(() => clearInterval(this.progress));
    } catch (error) {
      throw fromBelow(error, this.hop);
    } finally {
      this.below?.cancel(); // changes nothing after its end
      client.close();
    }
  }

  // Pages of state go up as they came; only the last one has columns, which the stage's work changes.
  async open(open, answers) {
    for (;;) {
      const page = (await this.within(pageTimeout(open), answers.next())).value?.run_opened;
      if (!page) this.refuse(`${this.nameBelow} answered something else than RunOpened`, this.hop);
      if (!page.more) this.work = this.stage.open(open.options, page.columns);
      await write(this.call, { run_opened: { ...page, columns: this.work?.columns ?? [], ring_accepted: false } });
      if (!page.more) return;
    }
  }

  async handDown(input) {
    for await (const message of input) {
      if (message.events) {
        await this.events(message.events);
      } else if (message.work_items) {
        await this.workItems(message.work_items);
      } else if (message.checkpoint || message.end_of_input || message.control) {
        await this.flush();
        this.ended = !message.checkpoint;
        await write(this.below, message);
        if (this.ended) return this.below.end();
      } else {
        this.refuse(`a message '${message.input}' came, which this stage does not take`);
      }
    }
    return this.refuse('the stream ends without EndOfInput');
  }

  async events(batch) {
    const { count, filtered, rejects, read_micros, more, file } = batch;
    this.filtered += Number(filtered);
    this.count(count, 0, -rejects.length);
    const results = count === 0 ? [{ ...batch, filtered: 0 }] : this.work.events(batch);
    for (const [at, result] of results.entries()) {
      this.filtered += result.filtered;
      this.metrics.filtered += result.filtered;
      this.metrics.rejected += result.rejects.length;
      if (result.count > 0 || result.rejects.length > 0) {
        this.metrics.items_out += result.count;
        await this.flush({ ...result, read_micros, file, more: more || at < results.length - 1 });
      }
    }
  }

  async workItems(batch) {
    const items = this.work.workItems(batch.items);
    this.count(batch.items.length, items.length, 0);
    await write(this.below, { work_items: { ...batch, items } });
    this.metrics.batches_out++;
  }

  // What was dropped is told with the next batch, and before anything that counts: with a batch of nothing else.
  async flush(batch) {
    if (!batch && this.filtered === 0) return;
    const filtered = this.filtered;
    this.filtered = 0;
    this.metrics.batches_out++;
    await write(this.below, { events: { ...batch, filtered } });
  }

  async handUp(answers) {
    let completed;
    for await (const answer of answers) {
      completed = answer.run_completed;
      if (completed && !this.ended) this.refuse(`${this.nameBelow} answered RunCompleted before EndOfInput or Control`, this.hop);
      if (completed) clearInterval(this.progress); // RunCompleted is the last message
      await write(this.call, completed ? { run_completed: { ...completed, stages: [this.figures(), ...completed.stages] } } : answer);
    }
    if (!completed) throw this.unreachable('ended the call without RunCompleted');
  }

  count(itemsIn, itemsOut, rejected) {
    this.metrics.batches_in++;
    this.metrics.items_in += itemsIn;
    this.metrics.items_out += itemsOut;
    this.metrics.rejected += rejected;
  }

  get nameBelow() {
    return `${this.hop.role} (${this.hop.instance_id})`;
  }

  refuse(message, hop) {
    throw new StageFailure('protocol_violation', message, { hop });
  }

  unreachable(how) {
    return new StageFailure('unreachable', `${this.nameBelow} ${how}`, { retryable: true, hop: this.hop });
  }

  // A stage that makes no spans hands on the trace as it came.
  headers() {
    const headers = new grpc.Metadata();
    headers.set('authorization', authorization);
    for (const name of ['traceparent', 'tracestate']) this.call.metadata.get(name).forEach((value) => headers.add(name, value));
    return headers;
  }

  within(milliseconds, promise) {
    let timer;
    const failure = this.unreachable(`did not answer within ${milliseconds / 1000} s`);
    const late = new Promise((_, reject) => { timer = setTimeout(reject, milliseconds, failure); });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  }
}

module.exports = { Attempt, Stage };
