'use strict';
// What every stage does, whatever its work is: serves pipeline.v1.Stage and health, registers, and stops in order.
const { HealthImplementation } = require('grpc-health-check');
const { Attempt, Stage } = require('./attempt');
const { Registration } = require('./broker');
const { authenticate, grpc, limits } = require('./contracts');
const { toStatus } = require('./failure');

/** Less than the AppHost's patience. */
const STOP_TIMEOUT = 4_000;

// The same after a restart: a run's route names it.
const instanceId = (role) => process.env.PIPELINE_INSTANCE
  ?? /service\.instance\.id=([^,]+)/.exec(process.env.OTEL_RESOURCE_ATTRIBUTES ?? '')?.[1]
  ?? `${role}-${process.pid}`;

function attempt(stage, call) {
  return new Attempt(stage, call).run().then(() => call.end(), (error) => call.cancelled || call.emit('error', toStatus(error, stage)));
}

/**
 * Serves a stage until the process is asked to end.
 * @param definition { role, accepts, emits, version, check(options), open(options, wanted) }. `open` begins an attempt: it throws a
 * StageFailure where it cannot do the run, and returns its work, { columns, events(batch), workItems(items) }: the columns to ask for,
 * batches with `rejects` and `filtered` for a batch, and items for items.
 */
function serve(definition) {
  const stage = { ...definition, instanceId: instanceId(definition.role) };
  const server = new grpc.Server({ ...limits, interceptors: [authenticate] });
  new HealthImplementation({ '': 'SERVING' }).addToServer(server);
  server.addService(Stage.service, {
    Process: (call) => attempt(stage, call),
    Check: ({ request }, answer) => answer(null, { errors: request.options ? stage.check(request.options) : [] }),
  });
  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    const { role, accepts, emits, version } = stage;
    const registration = new Registration({
      instance_id: stage.instanceId, interface: 'pipeline.v1.Stage', role, address: `http://127.0.0.1:${port}`, accepts, emits, version,
      language: 'node', process_id: process.pid,
    });
    registration.run();
    // Takes nothing new, and finishes what it has: the orchestrator sees that it drains, and has its attempts end at a checkpoint.
    const stop = async () => {
      registration.drain();
      setTimeout(() => server.forceShutdown(), STOP_TIMEOUT);
      await new Promise((resolve) => server.tryShutdown(resolve));
      await registration.end();
      process.exit();
    };
    process.once('SIGTERM', stop).once('SIGINT', stop);
  });
}

module.exports = { serve };
