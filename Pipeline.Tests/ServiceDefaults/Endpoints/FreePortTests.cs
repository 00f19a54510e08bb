using System.Text.Json;
using Pipeline.ServiceDefaults.Endpoints;

namespace Pipeline.Tests.ServiceDefaults.Endpoints;

public sealed class FreePortTests
{
    [Fact]
    public void Find_Repeatedly_FindsEachPortOnceAndNoneThatAspireGivesToServices()
    {
        using var settings = JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Root, "Pipeline.AppHost", "appsettings.json")));
        var range = settings.RootElement.GetProperty("ASPIRE_PROXYLESS_ENDPOINT_PORT_RANGE").GetString()!.Split('-');

        var ports = Enumerable.Range(0, 200).Select(_ => FreePort.Find()).ToList();

        Assert.Distinct(ports);
        Assert.All(ports, port => Assert.True(port > int.Parse(range[1]) && port < 32_768));
    }
}
