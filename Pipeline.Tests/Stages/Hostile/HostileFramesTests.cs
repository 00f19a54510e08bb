using System.Buffers.Binary;
using Google.Protobuf;
using Grpc.Core;
using Pipeline.Contracts.V1;
using Pipeline.Files;
using Pipeline.Stages.Aggregate;
using Pipeline.Stages.Core.Ring;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Parse;
using Pipeline.Stages.Rules;
using Pipeline.Tests.Stages.Core.Runtime;

namespace Pipeline.Tests.Stages.Hostile;

/// <summary>A caller with the key that sends invalid messages is refused with the right status, and the next caller is served.</summary>
public sealed class HostileFramesTests
{
    private static readonly Dictionary<string, Func<StageContext, IStage>> Stages = new()
    {
        ["parse"] = context => new ParseStage(context),
        ["rules"] = context => new RulesStage(context),
        ["aggregate"] = context => new AggregateStage(context),
    };

    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        foreach (var role in Stages.Keys)
        {
            foreach (var name in Frames.Keys)
                cases.Add(role, name);
        }

        return cases;
    }

    private static Dictionary<string, StageInput> Frames { get; } = new()
    {
        ["an input of no kind"] = new StageInput(),
        ["OpenRun again"] = new StageInput { OpenRun = new OpenRun { RunId = "again", Attempt = 2, Options = new RunOptions() } },
        ["fewer values than events"] = Events(3, new Column { Name = "value", Kind = ColumnKind.Number, Width = 1, Data = ByteString.CopyFrom(1, 2) }),
        ["more values than events"] = Events(1, new Column { Name = "value", Kind = ColumnKind.Number, Width = 1, Data = ByteString.CopyFrom(1, 2) }),
        ["an index beyond the texts"] = Events(
            1, new Column { Name = "type", Kind = ColumnKind.Text, Width = 1, Data = ByteString.CopyFrom(9), Texts = { ByteString.CopyFromUtf8("a") } }),
        ["a negative index"] = Events(
            1,
            new Column
            {
                Name = "type", Kind = ColumnKind.Text, Width = 4, Data = ByteString.CopyFrom(0xFF, 0xFF, 0xFF, 0xFF), Texts = { ByteString.CopyFromUtf8("a") },
            }),
        ["an index without texts"] = Events(1, new Column { Name = "type", Kind = ColumnKind.Text }),
        ["a width that is none"] = Events(1, new Column { Name = "value", Kind = ColumnKind.Number, Width = 3, Data = ByteString.CopyFrom(1, 2, 3) }),
        ["an index of eight bytes"] = Events(
            1,
            new Column { Name = "type", Kind = ColumnKind.Text, Width = 8, Data = ByteString.CopyFrom(new byte[8]), Texts = { ByteString.CopyFromUtf8("a") } }),
        ["a truth of two bytes"] = Events(1, new Column { Name = "flag", Kind = ColumnKind.Boolean, Width = 2, Data = ByteString.CopyFrom(1, 0) }),
        ["a negative count"] = Events(-1),
        ["more events than any batch"] = Events(int.MaxValue, new Column { Name = "value", Kind = ColumnKind.Number }),
        ["a column of no kind"] = Events(1, new Column { Name = "value", Width = 1, Data = ByteString.CopyFrom(1) }),
        ["a scale beyond all"] = Events(1, new Column { Name = "value", Kind = ColumnKind.Number, Width = 1, Data = ByteString.CopyFrom(1), Scale = 40 }),
        ["a truth beyond true"] = Events(1, new Column { Name = "flag", Kind = ColumnKind.Boolean, Width = 1, Data = ByteString.CopyFrom(2) }),
        ["less than nothing filtered"] = new StageInput { Events = new EventBatch { Filtered = -5 } },
        ["a ring that nobody accepted"] = new StageInput { Ring = new RingMessages { Bytes = 100 } },
        ["a negative count of lines"] = new StageInput { Lines = new LineBatch { Count = -1, Data = ByteString.CopyFromUtf8("{}\n") } },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Process_InvalidMessage_IsRefusedAndTheNextCallIsServed(string role, string name)
    {
        var lines = new List<string>();
        await using var stage = await StageServer.StartAsync(role, Stages[role]);
        await using var sink = await StageServer.StartAsync("sink", context => new FakeSink(context, lines));
        await using var chain = new Chain([stage, sink]);

        using (var call = chain.Open(Open(sink)))
        {
            await call.Opened.WaitAsync(Waiting.Limit);
            var failure = await SendAsync(call, Frames[name]);
            Assert.Equal(StatusCode.InvalidArgument, failure.StatusCode);
            // Without EndOfInput the call fails in any case: it is the message that must be refused.
            Assert.DoesNotContain("before the end of its stream", failure.Status.Detail, StringComparison.Ordinal);
        }

        await RequireServedAsync(chain, sink);
    }

    [LinuxFact]
    public async Task Process_BatchInARingIsRefused_TheRingIsUnmapped()
    {
        await using var sink = await StageServer.StartAsync("sink", context => new FakeSink(context, []));
        await using var chain = new Chain([sink]);
        var batch = new StageInput { Lines = new LineBatch { Count = 1, Data = ByteString.CopyFromUtf8("{}\n") } }.ToByteArray();
        var message = new byte[5 + batch.Length];
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), batch.Length);
        batch.CopyTo(message, 5);
        string memory;
        using (var writer = new RingWriter(MappedRing.Create(slots: 4, slotBytes: 64 * 1024)!))
        {
            var open = new OpenRun { RunId = "run", Attempt = 1, Options = new RunOptions { Partials = { "/no/batch/comes" } }, Ring = writer.Offer };
            memory = $" {FileStatus.Of(writer.Offer.Path)!.Value.Identity.File} ";
            using var call = chain.Open(new StageInput { OpenRun = open });
            Assert.True(await call.Call.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Waiting.Limit));
            Assert.True(call.Call.ResponseStream.Current.RunOpened.RingAccepted);
            Assert.NotEqual(0, Mappings());
            writer.TryClaim();
            message.CopyTo(writer.Take(message.Length));
            writer.Seal();

            var failure = await SendAsync(call, new StageInput { Ring = new RingMessages { Bytes = message.Length } });
            Assert.Equal(StatusCode.InvalidArgument, failure.StatusCode);
        }

        // Unmapped at the end of the attempt, which is a moment after its caller has heard of it.
        Assert.True(SpinWait.SpinUntil(() => Mappings() == 0, Waiting.Limit), $"{Mappings()} mappings of the ring are left");

        int Mappings() => File.ReadAllLines("/proc/self/maps").Count(line => line.Contains(memory, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Process_ThousandsOfAbandonedCalls_TheNextCallIsServed()
    {
        var lines = new List<string>();
        await using var stage = await StageServer.StartAsync("parse", Stages["parse"]);
        await using var sink = await StageServer.StartAsync("sink", context => new FakeSink(context, lines));
        await using var chain = new Chain([stage, sink]);
        using var channel = stage.Channels.Create(stage.Address);
        for (var round = 0; round < 50; round++)
        {
            var calls = Enumerable.Range(0, 40).Select(_ => new Stage.StageClient(channel.Invoker).Process()).ToList();
            foreach (var call in calls)
            {
                // Some calls are abandoned before their OpenRun, some after it.
                if (Random.Shared.Next(2) == 0)
                    _ = call.RequestStream.WriteAsync(Open(sink)).ContinueWith(task => task.Exception, TaskScheduler.Default);
                call.Dispose();
            }
        }

        await RequireServedAsync(chain, sink);
    }

    private static async Task RequireServedAsync(Chain chain, StageServer sink)
    {
        using var next = chain.Open(Open(sink));
        await next.Opened.WaitAsync(Waiting.Limit);
        await next.Call.RequestStream.WriteAsync(new StageInput { Checkpoint = new Checkpoint { Id = 1, Position = Opaque.Of(new Position()) } });
        await next.Call.RequestStream.WriteAsync(new StageInput { EndOfInput = new EndOfInput() });
        Assert.NotNull((await next.ReadAllAsync().WaitAsync(Waiting.Limit))[^1].RunCompleted);
    }

    private static async Task<RpcException> SendAsync(ChainCall call, StageInput frame)
    {
        try
        {
            await call.Call.RequestStream.WriteAsync(frame).WaitAsync(Waiting.Limit);
            await call.Call.RequestStream.CompleteAsync().WaitAsync(Waiting.Limit);
        }
        catch (Exception exception) when (exception is RpcException or InvalidOperationException or IOException)
        {
            // The status of the call, awaited below, says why.
        }

        return await call.FailureAsync().WaitAsync(Waiting.Limit);
    }

    private static StageInput Open(StageServer sink) => new()
    {
        OpenRun = new OpenRun { RunId = "run", Attempt = 1, Options = new RunOptions { GroupBy = { "type" } }, Route = { sink.Hop } },
    };

    private static StageInput Events(int count, params Column[] columns) => new() { Events = new EventBatch { Count = count, Columns = { columns } } };
}
