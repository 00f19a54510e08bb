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

/** Writes a message. A stream that is full says so, and later that it has drained: this is how a slow hop slows down those above it. */
async function write(stream, message) {
  if (!stream.write(message)) await once(stream, 'drain');
}

module.exports = { read, write };
