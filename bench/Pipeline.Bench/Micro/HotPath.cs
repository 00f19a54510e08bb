using System.IO.Hashing;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Aggregate;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Core.Wire;
using Pipeline.Stages.Ingest.Cutting;
using Pipeline.Stages.Parse;
using Pipeline.Stages.Rules;

namespace Pipeline.Bench.Micro;

/// <summary>What is done for each event on its way, by itself. All figures are per input line; batches are about as large as automatic ones.</summary>
[MemoryDiagnoser]
public class HotPath
{
    /// <summary>Lines of a batch.</summary>
    internal const int Lines = 500;

    private const int BlockBytes = 256 * 1024;
    private const int MaxLineBytes = 1 << 20;

    private readonly ParseStage _parse = new(Context("parse"));
    private readonly RulesStage _rules = new(Context("rules"));
    private readonly AggregateStage _aggregate = new(Context("aggregate"));
    private LineCutter _cutter = null!;
    private LineFrame _lineFrame = null!;
    private PooledBuffer _lines = null!;
    private EventFrame _parsed = null!;
    private PooledBuffer _parsedBytes = null!;
    private int _parsedLength;
    private PooledBuffer _filteredBytes = null!;
    private int _filteredLength;
    private byte[] _target = [];

    /// <summary>The lines, <see cref="Lines"/> of them.</summary>
    internal static byte[] Input { get; set; } = [];

    /// <summary>Opens the stages, and takes a batch through them.</summary>
    [GlobalSetup]
    public async Task OpenAsync()
    {
        var open = new OpenRun { RunId = "micro", Attempt = 1, Options = new RunOptions { GroupBy = { "type" } } };
        var opened = await _aggregate.OpenAsync(open, new RunOpened(), CancellationToken.None);
        opened = await _rules.OpenAsync(open, opened, CancellationToken.None);
        await _parse.OpenAsync(open, opened, CancellationToken.None);

        _cutter = new LineCutter(new EndlessSource(Input), new XxHash3(), "", 0, 0, MaxLineBytes, BlockBytes);
        _lineFrame = Cut();
        _lines = SharedBuffer.Rent(Input.Length);
        Input.CopyTo(_lines.Array, 0);

        var kept = new Keep();
        await _parse.ProcessAsync(NewLineFrame(), kept, CancellationToken.None);
        _parsed = kept.Frame;
        (_parsedBytes, _parsedLength) = Encoded(_parsed);
        await _rules.ProcessAsync(Decode(_parsedBytes, _parsedLength), kept, CancellationToken.None);
        (_filteredBytes, _filteredLength) = Encoded(kept.Frame);
        _target = new byte[_parsedBytes.Array.Length];
    }

    /// <summary>Ingest: find the ends of lines, hash, hand on a slice.</summary>
    [Benchmark(OperationsPerInvoke = Lines)]
    public void CutLines() => Cut().Dispose();

    /// <summary>Ingest, wire: all of a batch of lines but its data, which is not copied.</summary>
    [Benchmark(OperationsPerInvoke = Lines)]
    public int EncodeLines()
    {
        var measured = FrameEncoder.Measure(_lineFrame);
        FrameEncoder.WriteHead(_lineFrame, measured, _target);
        return measured.HeadLength;
    }

    /// <summary>Parse: lines to columns.</summary>
    [Benchmark(OperationsPerInvoke = Lines)]
    public ValueTask ParseEvents() => _parse.ProcessAsync(NewLineFrame(), Discard.Instance, CancellationToken.None);

    /// <summary>Parse, wire: columns to bytes.</summary>
    [Benchmark(OperationsPerInvoke = Lines)]
    public int EncodeEvents()
    {
        var measured = FrameEncoder.Measure(_parsed);
        FrameEncoder.Write(_parsed, measured, _target);
        return measured.HeadLength;
    }

    /// <summary>Rules, wire: bytes to columns.</summary>
    [Benchmark(OperationsPerInvoke = Lines)]
    public void DecodeEvents() => Decode(_parsedBytes, _parsedLength).Dispose();

    /// <summary>Rules: the same, and the default rules.</summary>
    [Benchmark(OperationsPerInvoke = Lines)]
    public ValueTask DecodeAndApplyRules() =>
        _rules.ProcessAsync(Decode(_parsedBytes, _parsedLength), Discard.Instance, CancellationToken.None);

    /// <summary>Aggregate: decode what the rules leave, and count and sum.</summary>
    [Benchmark(OperationsPerInvoke = Lines)]
    public ValueTask DecodeAndAggregate() =>
        _aggregate.ProcessAsync(Decode(_filteredBytes, _filteredLength), Discard.Instance, CancellationToken.None);

    private static StageContext Context(string role) => new()
    {
        Meter = new StageMeter(),
        Answers = Discard.Instance,
        Logger = NullLogger.Instance,
        Roots = [],
    };

    private LineFrame Cut()
    {
        while (_cutter.Cut(new CutLimits(Lines, int.MaxValue, long.MaxValue)) != CutStatus.Full)
            _cutter.Fill();
        return _cutter.Take(1)!;
    }

    private LineFrame NewLineFrame() => new(_lines.AddReference(), 0, Input.Length) { Count = Lines, FirstLine = 1, ReadMicros = 1 };

    private static Frame Decode(PooledBuffer bytes, int length) =>
        FrameDecoder.Decode(bytes, FrameEncoder.GrpcPrefixLength, length - FrameEncoder.GrpcPrefixLength);

    private static (PooledBuffer Bytes, int Length) Encoded(EventFrame frame)
    {
        var measured = FrameEncoder.Measure(frame);
        var bytes = SharedBuffer.Rent(measured.HeadLength);
        FrameEncoder.Write(frame, measured, bytes.Array);
        return (bytes, measured.HeadLength);
    }
}
