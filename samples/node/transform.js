'use strict';
// Drops events of type "view", and those with a value below 10, as the default rules do.
const fs = require('fs');
const { authenticate, grpc, limits, load } = require('./contracts');
const columns = require('./columns');

const { Transform } = load('pipeline/v1/transform.proto').pipeline.v1;

function keep(events) {
  const [type, value] = ['type', 'value'].map((name) => columns.find(events, name));
  const least = 10 * 10 ** value.scale;
  const rows = [];
  for (let row = 0; row < events.count; row++) {
    if (type.text(row) !== 'view' && value.raw[row] >= least) rows.push(row);
  }
  return columns.gather(events, rows);
}

function apply(call) {
  call.on('data', ({ number, open, events }) =>
    call.write(open ? { number, opened: { reads: ['type', 'value'] } } : { number, events: keep(events) }));
  call.on('end', () => call.end());
}

const server = new grpc.Server({ ...limits, interceptors: [authenticate] });
server.addService(Transform.service, { Apply: apply });
server.bindAsync(process.env.PIPELINE_TRANSFORM_ADDRESS, grpc.ServerCredentials.createInsecure(), (error) => { if (error) throw error; });

// Ends with the bridge, whose pipe it is. Whoever else starts the program need not have one.
const input = fs.fstatSync(0);
if (input.isFIFO() || input.isSocket()) process.stdin.resume().on('end', () => process.exit());
