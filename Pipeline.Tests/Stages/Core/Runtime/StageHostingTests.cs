using Pipeline.ServiceDefaults.Hosting;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Tests.ServiceDefaults;

namespace Pipeline.Tests.Stages.Core.Runtime;

public sealed class StageHostingTests
{
    [Theory]
    [InlineData("Stage:RingSlots", "-1")]
    [InlineData("Stage:RingSlot", "1")]
    [InlineData("Registration:Role", "Rules")]
    [InlineData("BrokerClient:RetryDelay", "soon")]
    public async Task RunServiceAsync_WrongSetting_EndsAsMisconfigured(string name, string value)
    {
        await using var stage = ServiceFixture.Build(
            builder => builder.AddStage(new StageDefinition("rules", ["events"], ["events"], _ => throw new NotSupportedException())),
            app => app.MapStage(),
            (name, value));

        Assert.Equal(ServiceRunner.Misconfigured, await stage.RunServiceAsync().WaitAsync(Waiting.Limit));
    }
}
