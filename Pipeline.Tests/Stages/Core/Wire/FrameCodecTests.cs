using System.IO.Pipelines;
using CsCheck;
using Google.Protobuf;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Ring;
using Pipeline.Stages.Core.Wire;

namespace Pipeline.Tests.Stages.Core.Wire;

/// <summary>Compares the hand-written codec with the generated one.</summary>
public sealed class FrameCodecTests
{
    private static readonly Gen<ByteString> Bytes = Gen.Byte.Array[0, 40].Select(ByteString.CopyFrom);

    private static readonly Gen<Reject> Rejects = Gen.Select(
            Gen.Long, Gen.Long, Gen.String[Gen.Char.AlphaNumeric, 0, 10], Bytes, Gen.String[Gen.Char.AlphaNumeric, 0, 5])
        .Select((line, offset, reason, raw, file) => new Reject { Line = line, Offset = offset, Reason = reason, Raw = raw, File = file });

    private static readonly Gen<LineBatch> LineBatches =
        Gen.Select(
            Gen.Int[0, 70_000].Select(length => new byte[length]),
            Gen.Int[0, 100_000],
            Gen.Long[0, long.MaxValue],
            Gen.Select(Gen.Int[0, 9], Gen.Int[1, 9], Gen.Long[1, 99]).Array[0, 3],
            Rejects.Array[0, 3],
            Gen.Select(Gen.OneOf([.. Choices("", "a.ndjson", "ä/b.ndjson.gz")]), Gen.Long[0, long.MaxValue]))
        .Select((data, count, first, gaps, rejects, rest) => new LineBatch
        {
            Data = ByteString.CopyFrom(data),
            Count = count,
            FirstLine = first,
            FirstOffset = first / 2,
            Gaps = { gaps.Select(gap => new Gap { Before = gap.Item1, Lines = gap.Item2, Bytes = gap.Item3 }) },
            Rejects = { rejects },
            File = rest.Item1,
            ReadMicros = rest.Item2,
            More = first % 2 == 1,
        });

    private static readonly Gen<EventBatch> EventBatches =
        from count in Gen.Int[0, 300]
        from columns in Columns(count).Array[0, 4]
        from rejects in Rejects.Array[0, 3]
        from filtered in Gen.Long[0, long.MaxValue]
        select new EventBatch
        {
            Count = count, Columns = { columns }, Rejects = { rejects }, Filtered = filtered, ReadMicros = filtered / 3, More = filtered % 2 == 1,
            File = filtered % 3 == 0 ? "" : "ä/b.ndjson",
        };

    private static int[] Widths => [0, 1, 2, 4, 8];

    [Fact]
    public void Decode_RandomLineBatch_EncodesBackToTheSameMessage() =>
        LineBatches.Sample(batch =>
        {
            var message = new StageInput { Lines = batch };
            using var frame = (LineFrame)Decode(message.ToByteArray());
            Assert.Equal(message, StageInput.Parser.ParseFrom(Encode(frame)));
        });

    [Fact]
    public void Decode_RandomEventBatch_EncodesBackToTheSameMessage() =>
        EventBatches.Sample(batch =>
        {
            var message = new StageInput { Events = batch };
            using var frame = (EventFrame)Decode(message.ToByteArray());
            Assert.Equal(message, StageInput.Parser.ParseFrom(Encode(frame)));
        });

    [Fact]
    public void Decode_ColumnOfAnyWidth_IsRefusedWhereItsKindHasNoSuchWidth()
    {
        foreach (var kind in new[] { ColumnKind.Text, ColumnKind.Number, ColumnKind.Boolean })
        {
            foreach (var width in Widths)
            {
                var column = new Column { Name = "x", Kind = kind, Width = width, Data = ByteString.CopyFrom(new byte[2 * width]) };
                column.Texts.Add(ByteString.CopyFromUtf8("a"));
                var message = new StageInput { Events = new EventBatch { Count = 2, Columns = { column } } }.ToByteArray();

                var violation = Record.Exception(() => Decode(message).Dispose()) as StageException;

                Assert.Equal(width > WidestOf(kind) ? FailureReasons.ProtocolViolation : null, violation?.Failure.Reason);
            }
        }
    }

    [Fact]
    public void Decode_RandomOrDamagedBytes_GivesAFrameOrAProtocolViolation() =>
        Gen.OneOf(
            Gen.Byte.Array[0, 60],
            Gen.Select(EventBatches, Gen.Int[0, 1000], Gen.Byte, (batch, at, value) => Mutate(new StageInput { Events = batch }.ToByteArray(), at, value)),
            Gen.Select(LineBatches, Gen.Int[0, 40], Gen.Byte, (batch, at, value) => Mutate(new StageInput { Lines = batch }.ToByteArray(), at, value)))
        .Sample(bytes =>
        {
            try
            {
                Decode(bytes).Dispose();
            }
            catch (StageException exception)
            {
                Assert.Equal(FailureReasons.ProtocolViolation, exception.Failure.Reason);
            }
        });

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(4096)]
    [InlineData(1_000_000)]
    public async Task FrameReader_BytesCutAnywhere_ReadsEveryFrame(int cut)
    {
        var messages = Enumerable.Range(0, 50)
            .Select(i => new StageInput { Lines = new LineBatch { Data = ByteString.CopyFrom(new byte[i * 500]), Count = i, FirstLine = i + 1 } })
            .Append(new StageInput { EndOfInput = new EndOfInput() })
            .ToList();
        using var body = new MemoryStream();
        var edge = new EdgeMeter(TimeProvider.System);
        using (var writer = new FrameWriter(body, edge))
        {
            foreach (var message in messages)
                await writer.WriteAsync(ToFrame(message), CancellationToken.None);

            await writer.FlushAsync(CancellationToken.None);
        }

        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var feeding = Feed(pipe.Writer, body.ToArray(), cut);
        using var reader = new FrameReader(pipe.Reader, edge);
        var found = await ReadAllAsync(reader);

        await feeding;
        Assert.Equal(messages, found);
        Assert.Equal(edge.BytesOut, edge.BytesIn);
        Assert.Equal(50, edge.BatchesIn);
    }

    [Fact]
    public async Task FrameReader_BodyEndsWithinAMessage_IsAProtocolViolation()
    {
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync(new byte[] { 0, 0, 0, 0, 9, 1 });
        await pipe.Writer.CompleteAsync();
        using var reader = new FrameReader(pipe.Reader, new EdgeMeter(TimeProvider.System));
        var exception = await Assert.ThrowsAsync<StageException>(async () => await reader.WaitAsync(CancellationToken.None));
        Assert.Contains("within a message", exception.Message);
    }

    [Fact]
    public async Task FrameReader_MessageOverTheLimit_IsRefusedBeforeItIsRead()
    {
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync(new byte[] { 0, 0xFF, 0, 0, 0 });
        using var reader = new FrameReader(pipe.Reader, new EdgeMeter(TimeProvider.System));
        await Assert.ThrowsAsync<StageException>(async () => await reader.WaitAsync(CancellationToken.None));
    }

    [LinuxFact]
    public async Task FrameReader_FramesThroughRingAndBody_ArriveUnchangedAndInOrder()
    {
        var mine = MappedRing.Create(4, 64 * 1024)!;

        var random = new Random(7);
        var messages = Enumerable.Range(0, 400)
            .Select(i => random.Next(5) switch
            {
                0 => new StageInput { Checkpoint = new Checkpoint { Id = i } },
                1 => new StageInput { Events = new EventBatch { Filtered = i + 1 } },
                2 => new StageInput { Lines = new LineBatch { Data = Random(random, 70_000), Count = 1, FirstLine = i + 1 } },
                _ => new StageInput { Lines = new LineBatch { Data = Random(random, random.Next(3) == 0 ? 30_000 : 300), Count = 1, FirstLine = i + 1 } },
            })
            .Append(new StageInput { EndOfInput = new EndOfInput() })
            .ToList();
        var (sent, received) = (new EdgeMeter(TimeProvider.System), new EdgeMeter(TimeProvider.System));
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        using var ring = new RingWriter(mine, portion: 2);
        using var writer = new FrameWriter(pipe.Writer.AsStream(), sent, ring);
        using var reader = new FrameReader(pipe.Reader, received)
        {
            Ring = new RingReader(MappedRing.Open(ring.Offer)!, answer => ring.Release(answer.RingReleased.Slots), received),
        };

        var writing = Task.Run(async () =>
        {
            foreach (var message in messages)
            {
                await writer.WriteAsync(ToFrame(message), CancellationToken.None);
                if (message.Checkpoint is not null)
                    await writer.FlushAsync(CancellationToken.None);
            }

            await writer.FlushAsync(CancellationToken.None);
            await pipe.Writer.CompleteAsync();
        });
        var found = await ReadAllAsync(reader);

        await writing;
        Assert.Equal(messages, found);
        Assert.Equal(sent.BytesOut, received.BytesIn);
        reader.Ring.Dispose();
    }

    [LinuxTheory]
    [InlineData(new byte[] { 0, 0, 0, 0, 9, 1 }, 6)]
    [InlineData(new byte[] { 0, 0, 0, 0 }, 4)]
    [InlineData(new byte[] { 1, 0, 0, 0, 0 }, 5)]
    [InlineData(new byte[] { 0, 0xFF, 0xFF, 0xFF, 0xFF, 0 }, 6)]
    [InlineData(new byte[] { 0, 0, 0, 0, 4, 0x42, 2, 8, 5 }, 9)]
    [InlineData(new byte[] { 0 }, 0)]
    [InlineData(new byte[] { 0 }, 70_000)]
    public async Task FrameReader_InvalidRingSlot_IsAProtocolViolation(byte[] slot, int bytes)
    {
        var mine = MappedRing.Create(4, 64 * 1024)!;

        using var ring = new RingWriter(mine);
        slot.CopyTo(ring.Take(slot.Length));
        var pipe = new Pipe();
        var edge = new EdgeMeter(TimeProvider.System);
        using (var writer = new FrameWriter(pipe.Writer.AsStream(), edge))
        {
            await writer.WriteAsync(new MessageFrame(new StageInput { Ring = new RingMessages { Bytes = bytes } }), CancellationToken.None);
            await writer.FlushAsync(CancellationToken.None);
        }

        using var reader = new FrameReader(pipe.Reader, edge) { Ring = new RingReader(MappedRing.Open(ring.Offer)!, _ => { }, edge) };
        Assert.True(await reader.WaitAsync(CancellationToken.None));
        var violation = Assert.Throws<StageException>(() => reader.TryRead(out _));
        Assert.Equal(FailureReasons.ProtocolViolation, violation.Failure.Reason);
        reader.Ring.Dispose();
    }

    private static async Task<List<StageInput>> ReadAllAsync(FrameReader reader)
    {
        var found = new List<StageInput>();
        while (await reader.WaitAsync(CancellationToken.None).AsTask().WaitAsync(TimeSpan.FromSeconds(20)))
        {
            while (reader.TryRead(out var frame))
            {
                using (frame)
                {
                    found.Add(StageInput.Parser.ParseFrom(Encode(frame)));
                }
            }
        }

        return found;
    }

    private static ByteString Random(Random random, int bytes)
    {
        var data = new byte[bytes];
        random.NextBytes(data);
        return ByteString.CopyFrom(data);
    }

    private static Gen<Column> Columns(int count) =>
        from name in Gen.OneOf([.. Choices("type", "value", "user", "x")])
        from kind in Gen.OneOf([.. Choices(ColumnKind.Text, ColumnKind.Number, ColumnKind.Boolean)])
        from width in Gen.OneOf([.. Choices([.. Widths.Where(width => width <= WidestOf(kind))])])
        from data in Gen.Byte.Array[count * width]
        select new Column
        {
            Name = name,
            Kind = kind,
            Width = width,
            Scale = kind == ColumnKind.Number ? count % 10 : 0,
            Data = ByteString.CopyFrom(kind == ColumnKind.Number ? data : data.Select((_, i) => i % Math.Max(1, width) == 0 ? (byte)1 : (byte)0).ToArray()),
            Texts = { kind == ColumnKind.Text ? [ByteString.CopyFromUtf8("a"), ByteString.CopyFromUtf8("ü")] : Array.Empty<ByteString>() },
        };

    private static int WidestOf(ColumnKind kind) => kind switch { ColumnKind.Text => 4, ColumnKind.Boolean => 1, _ => 8 };

    private static IEnumerable<IGen<T>> Choices<T>(params T[] values) => values.Select(value => (IGen<T>)Gen.Const(value));

    private static byte[] Mutate(byte[] bytes, int at, byte value)
    {
        if (bytes.Length > 0)
            bytes[at % bytes.Length] = value;

        return bytes;
    }

    private static Frame Decode(byte[] message)
    {
        var buffer = SharedBuffer.Rent(message.Length + 3);
        try
        {
            message.CopyTo(buffer.Array, 3);
            return FrameDecoder.Decode(buffer, 3, message.Length);
        }
        finally
        {
            buffer.Release();
        }
    }

    private static Frame ToFrame(StageInput message) => Decode(message.ToByteArray());

    private static byte[] Encode(Frame frame)
    {
        using var stream = new MemoryStream();
        using var writer = new FrameWriter(stream, new EdgeMeter(TimeProvider.System));
        Assert.True(writer.WriteAsync(frame, CancellationToken.None).IsCompletedSuccessfully);
        Assert.True(writer.FlushAsync(CancellationToken.None).IsCompletedSuccessfully);
        return stream.ToArray()[FrameEncoder.GrpcPrefixLength..];
    }

    private static async Task Feed(PipeWriter writer, byte[] bytes, int cut)
    {
        for (var at = 0; at < bytes.Length; at += cut)
            await writer.WriteAsync(bytes.AsMemory(at, Math.Min(cut, bytes.Length - at)));

        await writer.CompleteAsync();
    }
}
