'use strict';
// The contracts as grpc-js needs them. 64-bit integers are texts: a number of JavaScript would round them.
const crypto = require('crypto');
const path = require('path');

try {
  require.resolve('@grpc/grpc-js');
} catch {
  console.error(`error: the packages of the sample are missing: run "npm ci" in ${__dirname}`);
  process.exit(78); // EX_CONFIG: starting again does not help
}

const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const protobuf = require('protobufjs');

const includeDirs = [process.env.PIPELINE_CONTRACTS ?? path.join(__dirname, '../../Pipeline.Contracts')];

function load(file) {
  return grpc.loadPackageDefinition(loader.loadSync(file, { includeDirs, keepCase: true, longs: String, defaults: true, oneofs: true }));
}

/** A message type, for what is sent as bytes. */
function messageType(file, name) {
  const root = new protobuf.Root();
  root.resolvePath = (_, target) => path.join(includeDirs[0], target);
  return root.loadSync(file, { keepCase: true }).lookupType(name);
}

/** Messages have up to 16 MiB; with smaller windows a sender waits for the receiver. */
const limits = { 'grpc.max_receive_message_length': 16 << 20, 'grpc-node.flow_control_window': 8 << 20 };

if (!process.env.PIPELINE_KEY) {
  console.error('error: PIPELINE_KEY is not set');
  process.exit(78); // EX_CONFIG: starting again does not help
}

/** The header of every call. */
const authorization = `Bearer ${process.env.PIPELINE_KEY}`;

function isKey(header = '') {
  const [given, expected] = [header, authorization].map((text) => Buffer.from(text));
  return given.length === expected.length && crypto.timingSafeEqual(given, expected);
}

/** Lets in calls with the pipeline's key only. */
function authenticate(_, call) {
  return new grpc.ServerInterceptingCall(call, {
    start: (next) => next({
      onReceiveMetadata: (metadata, proceed) => isKey(metadata.get('authorization')[0])
        ? proceed(metadata)
        : call.sendStatus({ code: grpc.status.UNAUTHENTICATED, details: 'the key is missing or wrong' }),
    }),
  });
}

module.exports = { authenticate, authorization, grpc, limits, load, messageType };
