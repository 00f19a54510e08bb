using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Ring;
using Pipeline.Stages.Core.Route;
using Pipeline.Tests.Broker;

namespace Pipeline.Tests.Stages.Core.Route;

public sealed class DownstreamTests
{
    [LinuxTheory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("https://127.0.0.1:5000")]
    [InlineData("http://10.0.0.1:5000")]
    [InlineData("http://127.1:5000")]
    [InlineData("http://127.0.0.1:99999")]
    public async Task OpenAsync_AddressIsNotOne_FreesTheRingAndFailsForGood(string address)
    {
        using var channels = BrokerFixture.ChannelsWithKey("k");
        var memory = MappedRing.Create(4, 64 * 1024)!;
        using var ring = new RingWriter(memory);
        var open = new OpenRun
        {
            RunId = "run",
            Attempt = 1,
            Options = new RunOptions(),
            Route = { new Hop { InstanceId = "parse-0", Role = "parse", Address = address } },
        };

        var error = await Assert.ThrowsAsync<StageException>(() => Downstream.OpenAsync(
            open, [], ring, channels, new EdgeMeter(TimeProvider.System), _ => ValueTask.CompletedTask, TimeSpan.FromSeconds(20), TimeProvider.System,
            CancellationToken.None));

        Assert.Equal((FailureReasons.ProtocolViolation, false), (error.Failure.Reason, error.Failure.Retryable));
        Assert.Contains($"the address of parse (parse-0) in the route is '{address}'", error.Failure.Message, StringComparison.Ordinal);
        Assert.Throws<ObjectDisposedException>(() => memory.Hold(0));
    }
}
