'use strict';
// Failures of calls, as pipeline/v1/stage.proto has them: a status, and a Failure in a trailer.
const { grpc, messageType } = require('./contracts');

const Failure = messageType('pipeline/v1/stage.proto', 'pipeline.v1.Failure');
const TRAILER = 'pipeline-failure-bin';
const MAX_MESSAGE = 4_000;
const MAX_DETAILS = 1_000;
const { status } = grpc;
const FINAL = [status.UNAUTHENTICATED, status.PERMISSION_DENIED, status.UNIMPLEMENTED, status.INVALID_ARGUMENT, status.FAILED_PRECONDITION];

/** Why an attempt failed. hop: where; none means here. */
class StageFailure extends Error {
  constructor(reason, message, { retryable = false, code = retryable ? status.UNAVAILABLE : status.INVALID_ARGUMENT, hop } = {}) {
    super(message);
    Object.assign(this, { reason, retryable, code, hop });
  }
}

/** What goes up when the call to the hop below has failed: its failure as it came; without one this hop says whom it could not talk to. */
function fromBelow(error, hop) {
  if (error instanceof StageFailure || typeof error.code !== 'number' || error.metadata?.get(TRAILER).length > 0) return error;
  const { code, details } = error;
  const retryable = !FINAL.includes(code);
  const reason = code === status.ABORTED ? 'fenced' : retryable ? 'unreachable' : 'protocol_violation';
  const message = `the call to ${hop.role} (${hop.instance_id}, ${hop.address}) failed: ${details}`;
  return new StageFailure(reason, message, { retryable, code, hop });
}

/** An error as the status of a call to this stage. */
function toStatus(error, stage) {
  const carried = error.metadata?.get(TRAILER) ?? [];
  if (carried.length > 0) return withTrailer(error.code, error.details, carried[0]);
  if (!(error instanceof StageFailure)) {
    console.error(error.stack);
    const message = `${stage.role} broke: ${error.message}. Its log has the rest.`;
    return toStatus(new StageFailure('internal', message, { retryable: true, code: status.INTERNAL }), stage);
  }
  const { reason, code, retryable, hop = { instance_id: stage.instanceId, role: stage.role } } = error;
  const message = error.message.slice(0, MAX_MESSAGE);
  const failure = { reason, message, retryable, instance_id: hop.instance_id, role: hop.role };
  return withTrailer(code, message.slice(0, MAX_DETAILS), Buffer.from(Failure.encode(Failure.fromObject(failure)).finish()));
}

function withTrailer(code, details, bytes) {
  const metadata = new grpc.Metadata();
  metadata.set(TRAILER, bytes);
  return { code, details, metadata };
}

module.exports = { StageFailure, fromBelow, toStatus };
