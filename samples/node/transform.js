'use strict';
// Drops events of type "view", and those with a value below 10, as the default rules do.
const path = require('path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const contracts = process.env.PIPELINE_CONTRACTS ?? path.join(__dirname, '../../Pipeline.Contracts');
const definition = loader.loadSync('pipeline/v1/transform.proto', { includeDirs: [contracts], keepCase: true, longs: String, defaults: true, oneofs: true });
const { Transform } = grpc.loadPackageDefinition(definition).pipeline.v1;

const text = (column, row) => column.texts[column.width === 0 ? 0 : column.data.readUIntLE(row * column.width, column.width)].toString();

function number(column, row) {
  const raw = column.width === 0 ? 0
    : column.width === 8 ? Number(column.data.readBigInt64LE(row * 8))
    : column.data.readIntLE(row * column.width, column.width);
  return raw / 10 ** column.scale;
}

function keep(events) {
  const [type, value] = ['type', 'value'].map((name) => events.columns.find((column) => column.name === name));
  const rows = [...Array(events.count).keys()].filter((row) => text(type, row) !== 'view' && number(value, row) >= 10);
  const columns = events.columns.map((column) => {
    const data = Buffer.alloc(rows.length * column.width);
    rows.forEach((row, at) => column.data.copy(data, at * column.width, row * column.width, (row + 1) * column.width));
    return { ...column, data };
  });
  return { count: rows.length, columns };
}

function apply(call) {
  if (call.metadata.get('authorization')[0] !== `Bearer ${process.env.PIPELINE_KEY}`) {
    call.emit('error', { code: grpc.status.UNAUTHENTICATED, details: 'the key is missing or wrong' });
    return;
  }
  call.on('data', ({ number, open, events }) =>
    call.write(open ? { number, opened: { reads: ['type', 'value'] } } : { number, events: keep(events) }));
  call.on('end', () => call.end());
}

const server = new grpc.Server({ 'grpc.max_receive_message_length': 16 << 20, 'grpc-node.flow_control_window': 8 << 20 });
server.addService(Transform.service, { Apply: apply });
server.bindAsync(process.env.PIPELINE_TRANSFORM_ADDRESS, grpc.ServerCredentials.createInsecure(), (error) => { if (error) throw error; });
process.stdin.resume().on('end', () => process.exit());
