'use strict';
// The messages of gRPC's streams, one after another, in both directions.
const { once } = require('events');

/** Reads a stream to its end. Its own iterator would destroy it on an error, also on the status that this stage is about to send. */
function read(stream) {
  let wake = () => {};
  let ended = false;
  let failure;
  stream.on('readable', () => wake());
  stream.on('end', () => { ended = true; wake(); });
  stream.on('close', () => { ended = true; wake(); }); // all that comes of a call that is cancelled
  stream.on('error', (error) => { failure = error; wake(); });
  return (async function* messages() {
    for (;;) {
      const message = stream.read();
      if (message !== null) yield message;
      else if (failure) throw failure;
      else if (ended) return;
      else await new Promise((resolve) => { wake = resolve; });
    }
  })();
}

/**
 * Writes a message. A stream that is full says so, and later that it has drained: this is how a slow hop slows down those above it. One that is
 * cancelled just closes: who reads learns why.
 */
async function write(stream, message) {
  if (stream.destroyed || stream.write(message)) return;
  const settled = new AbortController();
  const { signal } = settled;
  await Promise.race([once(stream, 'drain', { signal }), once(stream, 'close', { signal })]).finally(() => settled.abort());
}

module.exports = { read, write };
