"""Drops events of type "view", and those with a value below 10, as the default rules do."""
import os
import subprocess
import sys
import tempfile
from array import array
from concurrent.futures import ThreadPoolExecutor

import grpc

contracts = os.environ.get("PIPELINE_CONTRACTS", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Pipeline.Contracts"))
generated = tempfile.TemporaryDirectory()
protos = [f"pipeline/v1/{name}.proto" for name in ("transform", "batches", "stage", "checkpoint", "metrics")]
subprocess.run(["protoc", f"-I{contracts}", f"--python_out={generated.name}", *protos], check=True)
sys.path.insert(0, generated.name)
from pipeline.v1.transform_pb2 import TransformRequest, TransformResponse  # noqa: E402

SIGNED, UNSIGNED = {1: "b", 2: "h", 4: "i", 8: "q"}, {1: "B", 2: "H", 4: "I", 8: "Q"}


def raw(column, count, codes):
    return array(codes[column.width], column.data) if column.width else [0] * count


def keep(events, answer):
    columns = {column.name: column for column in events.columns}
    types, values = columns["type"], columns["value"]
    views, least = [text == b"view" for text in types.texts], 10 * 10**values.scale
    rows = [row for row, (code, value) in enumerate(zip(raw(types, events.count, UNSIGNED), raw(values, events.count, SIGNED)))
            if not views[code] and value >= least]
    answer.count = len(rows)
    for column in events.columns:
        kept = answer.columns.add()
        kept.CopyFrom(column)
        if column.width:
            data = raw(column, events.count, SIGNED)
            kept.data = array(SIGNED[column.width], [data[row] for row in rows]).tobytes()


def apply(requests, context):
    if dict(context.invocation_metadata()).get("authorization") != f"Bearer {os.environ['PIPELINE_KEY']}":
        context.abort(grpc.StatusCode.UNAUTHENTICATED, "the key is missing or wrong")
    for request in requests:
        response = TransformResponse(number=request.number)
        if request.HasField("open"):
            response.opened.reads.extend(["type", "value"])
        else:
            keep(request.events, response.events)
            response.events.SetInParent()
        yield response


handler = grpc.stream_stream_rpc_method_handler(apply, TransformRequest.FromString, TransformResponse.SerializeToString)
server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.max_receive_message_length", 16 << 20), ("grpc.max_send_message_length", 16 << 20)])
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("pipeline.v1.Transform", {"Apply": handler})])
server.add_insecure_port(os.environ["PIPELINE_TRANSFORM_ADDRESS"])
server.start()
sys.stdin.read()
