using Microsoft.Extensions.Configuration;
using Pipeline.Client.Registration;

namespace Pipeline.Tests.Client.Registration;

public sealed class InstanceIdsTests
{
    [Theory]
    [InlineData("parse-0", "service.instance.id=other", "parse-0")]
    [InlineData(null, "service.instance.id=parse-abc,service.version=1", "parse-abc")]
    [InlineData(null, "service.version=1, service.instance.id=parse%2Dabc", "parse-abc")]
    [InlineData("", "service.instance.id=", null)]
    [InlineData(null, null, null)]
    public void Resolve_NamedByTheEnvironment_TakesThatNameOrTheProcessId(string? instance, string? attributes, string? expected)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([new("PIPELINE_INSTANCE", instance), new("OTEL_RESOURCE_ATTRIBUTES", attributes)]).Build();

        Assert.Equal(expected ?? $"parse-{Environment.ProcessId}", InstanceIds.Resolve(configuration, "parse"));
    }
}
