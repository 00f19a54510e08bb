"""What every transform does, whatever its work is: listens where it is told, checks the key, answers each request once and in order."""
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from array import array
from concurrent.futures import ThreadPoolExecutor

try:
    import google.protobuf  # noqa: F401
    import grpc
except ImportError as error:
    missing = str(error)
else:
    missing = None if shutil.which("protoc") else "there is no protoc"
if missing:
    packages = "apt-get install python3-grpcio python3-protobuf protobuf-compiler"
    print(f"error: {missing}: {packages}, and run it with /usr/bin/python3", file=sys.stderr)
    sys.exit(78)  # EX_CONFIG: starting again does not help
for variable in ("PIPELINE_KEY", "PIPELINE_TRANSFORM_ADDRESS"):
    if not os.environ.get(variable):
        print(f"error: {variable} is not set", file=sys.stderr)
        sys.exit(78)

contracts = os.environ.get("PIPELINE_CONTRACTS", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Pipeline.Contracts"))
protos = [f"pipeline/v1/{name}.proto" for name in ("transform", "batches", "stage", "checkpoint", "metrics")]
# Gone once it is imported: a program that is killed cannot clear away.
with tempfile.TemporaryDirectory() as generated:
    subprocess.run(["protoc", f"-I{contracts}", f"--python_out={generated}", *protos], check=True)
    sys.path.insert(0, generated)
    from pipeline.v1.transform_pb2 import TransformOpened, TransformRequest, TransformResponse
    sys.path.remove(generated)

SIGNED, UNSIGNED = {1: "b", 2: "h", 4: "i", 8: "q"}, {1: "B", 2: "H", 4: "I", 8: "Q"}


def find(events, name):
    return next(column for column in events.columns if column.name == name)


def codes(column, count):
    """A text column as an array of indexes into its texts."""
    return array(UNSIGNED[column.width], column.data) if column.width else [0] * count


def numbers(column, count):
    """A number column as an array; each is to be divided by 10^scale."""
    return array(SIGNED[column.width], column.data) if column.width else [0] * count


def keep(events, rows):
    """Leaves only these rows, in this order."""
    for column in events.columns:
        if column.width:
            data = array(UNSIGNED[column.width], column.data)
            column.data = array(UNSIGNED[column.width], [data[row] for row in rows]).tobytes()
    events.count = len(rows)


def serve(work):
    """Serves until the bridge ends, whose pipe standard input is; without a pipe until the process is ended.

    work: a class, of which each attempt at a run gets an object. opened: what it reads and sets; __init__(open); events(batch) changes
    a batch in place; work_items(batch), where opened asks for them, too; end() when the attempt is over, completed or not.
    """

    def apply(requests, context):
        if dict(context.invocation_metadata()).get("authorization") != f"Bearer {os.environ['PIPELINE_KEY']}":
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "the key is missing or wrong")
        attempt = None
        try:
            for request in requests:
                kind = request.WhichOneof("request")
                if kind == "open":
                    attempt = work(request.open)
                    yield TransformResponse(number=request.number, opened=work.opened)
                else:
                    batch = getattr(request, kind)
                    getattr(attempt, kind)(batch)
                    yield TransformResponse(number=request.number, **{kind: batch})
        finally:  # the bridge cancels the call when the attempt is over, however it went
            if attempt:
                attempt.end()

    handler = grpc.stream_stream_rpc_method_handler(apply, TransformRequest.FromString, TransformResponse.SerializeToString)
    options = [
        ("grpc.max_receive_message_length", 16 << 20), ("grpc.max_send_message_length", 16 << 20),
        # The bridge pings a silent call every 2 s.
        ("grpc.http2.min_ping_interval_without_data_ms", 1000), ("grpc.http2.max_ping_strikes", 0)]
    # A thread for each attempt that is open; they are made as they are needed.
    server = grpc.server(ThreadPoolExecutor(1024), options=options)
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("pipeline.v1.Transform", {"Apply": handler})])
    server.add_insecure_port(os.environ["PIPELINE_TRANSFORM_ADDRESS"])
    server.start()
    mode = os.fstat(0).st_mode if sys.stdin else 0
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        sys.stdin.read()
    else:
        server.wait_for_termination()
