using Microsoft.Extensions.Time.Testing;
using Pipeline.Contracts;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Tests.ServiceDefaults.Telemetry;

namespace Pipeline.Tests.Stages.Core.Metrics;

public sealed class StageInstrumentsTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly MeterReader _reader = new();

    [Fact]
    public void Collect_TwoAttemptsAreOpen_RatesAreSumsAndSharesAreAverages()
    {
        var instruments = New([BatchKinds.Lines], [BatchKinds.Events]);
        var (first, second) = (new EdgeMeter(_time), new EdgeMeter(_time));
        using var one = instruments.Enter(first);
        using var two = instruments.Enter(second);
        Pass(first, 300);
        Pass(second, 100);
        // The first attempt waits for the hop above all the time, the second one for the hop below during the first half.
        first.BeginReceiving();
        second.BeginSending();
        _time.Advance(TimeSpan.FromSeconds(1));
        second.EndSending();
        _time.Advance(TimeSpan.FromSeconds(1));

        var values = _reader.Collect();

        Assert.Equal(200, values["pipeline.stage.input.rate"]);
        Assert.Equal(200, values["pipeline.stage.output.rate"]);
        Assert.Equal(0.5, values["pipeline.stage.input.wait_ratio"]);
        Assert.Equal(0.25, values["pipeline.stage.output.wait_ratio"]);
    }

    [Fact]
    public void Collect_AttemptBeganAndEndedSinceTheCollectionBefore_ItIsCountedOnce()
    {
        var instruments = New([BatchKinds.Lines], [BatchKinds.Events]);
        var edge = new EdgeMeter(_time);
        using (instruments.Enter(edge))
        {
            Pass(edge, 500);
            edge.BeginReceiving();
            _time.Advance(TimeSpan.FromSeconds(1));
            edge.EndReceiving();
        }

        _time.Advance(TimeSpan.FromSeconds(4));

        var after = _reader.Collect();
        Assert.Equal((100, 1), (after["pipeline.stage.input.rate"], after["pipeline.stage.input.wait_ratio"]));
        _time.Advance(TimeSpan.FromSeconds(1));
        var idle = _reader.Collect();
        Assert.Equal((0, 0), (idle["pipeline.stage.input.rate"], idle["pipeline.stage.input.wait_ratio"]));
    }

    [Fact]
    public void Committed_ACheckpoint_IsMeasuredInSeconds()
    {
        var instruments = New([BatchKinds.Events], []);
        instruments.Committed(TimeSpan.FromMilliseconds(20));
        Assert.Equal(0.02, _reader.Collect()["pipeline.checkpoint.duration"]);
        Assert.Equal("s", _reader.Units["pipeline.checkpoint.duration"]);
    }

    [Fact]
    public void New_SourceOrSink_HasNoInstrumentOfAnEdgeThatIsNotThere()
    {
        _ = New([], [BatchKinds.Lines]);
        Assert.DoesNotContain("pipeline.stage.input.wait_ratio", _reader.Units.Keys);
        Assert.Equal("{item}/s", _reader.Units["pipeline.stage.output.rate"]);
        using var other = new MeterReader();
        _ = new StageInstruments(new StageDefinition("sink", [BatchKinds.Events], [], _ => null!), other.Meters, _time);
        Assert.DoesNotContain(other.Units.Keys, name => name.StartsWith("pipeline.stage.output", StringComparison.Ordinal));
        Assert.Equal("1", other.Units["pipeline.stage.input.wait_ratio"]);
    }

    public void Dispose() => _reader.Dispose();

    private static void Pass(EdgeMeter edge, int items)
    {
        using var frame = new LineFrame(SharedBuffer.Rent(1), 0, 1) { Count = items };
        edge.Received(frame);
        edge.Sent(frame, 1);
    }

    private StageInstruments New(string[] accepts, string[] emits) =>
        new(new StageDefinition("stage", accepts, emits, _ => null!), _reader.Meters, _time);
}
