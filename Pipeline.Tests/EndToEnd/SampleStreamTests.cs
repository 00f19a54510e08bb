using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using Pipeline.Contracts.V1;
using Pipeline.ServiceDefaults.Endpoints;

namespace Pipeline.Tests.EndToEnd;

/// <summary>Streams of the programs of samples/: their standard input, and calls that are cancelled.</summary>
public sealed class SampleStreamTests
{
    private const string Key = "a-key-for-tests";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [NodeFact]
    public Task Start_NodeTransformWithAndWithoutAPipe_EndsWithThePipeOnly() => EndsWithThePipeOnlyAsync("node", "node", SamplePrograms.NodeTransform);

    [PythonFact]
    public Task Start_PythonTransformWithAndWithoutAPipe_EndsWithThePipeOnly() =>
        EndsWithThePipeOnlyAsync(Languages.Python, "python", SamplePrograms.PythonTransform);

    [NodeFact]
    public async Task WriteAndRead_NodeStreamThatIsDestroyedWhileItIsFull_BothEnd()
    {
        const string script = """
            const { Duplex } = require('stream');
            const { read, write } = require('./streams');
            const full = new Duplex({ objectMode: true, highWaterMark: 1, read() {}, write() {} });
            const writing = write(full, {});
            const reading = read(full).next();
            full.destroy();
            Promise.all([writing, reading]).then(async ([, { done }]) => {
              await write(full, {});
              console.log(done, ...['drain', 'close', 'error'].map((name) => full.listenerCount(name)));
            });
            """;
        using var node = Start("exec node -e \"$0\"", script, "", "node", FreePort.Find());

        // What reads listens to two of them; what writes has left none.
        Assert.Equal("true 0 1 1", (await node.StandardOutput.ReadToEndAsync().WaitAsync(Patience)).Trim());
    }

    private static async Task EndsWithThePipeOnlyAsync(string command, string directory, string program)
    {
        var port = FreePort.Find();
        using (var alone = Start("exec \"$0\" \"$1\" </dev/null", command, program, directory, port))
        {
            try
            {
                await AnswersAsync(alone, port);
            }
            finally
            {
                alone.Kill();
                await alone.WaitForExitAsync();
            }
        }

        using var piped = Start("exec \"$0\" \"$1\"", command, program, directory, port);
        try
        {
            await AnswersAsync(piped, port);
            piped.StandardInput.Close();
            await piped.WaitForExitAsync().WaitAsync(Patience);
        }
        finally
        {
            piped.Kill();
        }

        Assert.Equal(0, piped.ExitCode);
    }

    private static Process Start(string script, string command, string argument, string directory, int port) =>
        Process.Start(new ProcessStartInfo("/bin/sh", ["-c", script, command, argument])
        {
            WorkingDirectory = Languages.Sample(directory),
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            Environment = { ["PIPELINE_KEY"] = Key, ["PIPELINE_TRANSFORM_ADDRESS"] = $"127.0.0.1:{port}" },
        })!;

    private static async Task AnswersAsync(Process process, int port)
    {
        await Waiting.UntilAsync(() => process.HasExited || Listens(port), "the program to listen", Patience);
        Assert.False(process.HasExited, "it ended");
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}");
        using var call = new Transform.TransformClient(channel).Apply(new Metadata { { "authorization", $"Bearer {Key}" } });
        await call.RequestStream.WriteAsync(new TransformRequest { Number = 1, Open = new TransformOpen { RunId = "r", Attempt = 1 } });
        Assert.True(await call.ResponseStream.MoveNext().WaitAsync(Patience));
        Assert.NotNull(call.ResponseStream.Current.Opened);
    }

    private static bool Listens(int port)
    {
        using var socket = new TcpClient();
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false; // not yet
        }
    }
}
