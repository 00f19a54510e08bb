using System.Diagnostics;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Pipeline.Tests.AppHost;

namespace Pipeline.Tests.LocalHost;

/// <summary>Here because it needs the service's own process id: Aspire knows only that of the <c>dotnet run</c> around it.</summary>
public class HungProcessTests
{
    [Fact]
    public async Task A_service_that_hangs_is_found_in_five_seconds_and_replaced()
    {
        await using var host = await AppHostUnderTest.StartAsync();
        var before = await host.WaitForHealthyAsync("parse");
        await host.WaitForAsync("parse", change => change.Snapshot.HealthStatus.ToString() == "Healthy");

        Signals.Stop(int.Parse(Pid(before), CultureInfo.InvariantCulture));
        var stopped = Stopwatch.GetTimestamp();
        await host.WaitForAsync("parse", change =>
            change.Snapshot.Properties.Any(property => property.Value is "does not answer; is being replaced"));

        Assert.InRange(Stopwatch.GetElapsedTime(stopped), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5));
        var after = await host.WaitForAsync("parse", change =>
            change.Snapshot.State?.Text == KnownResourceStates.Running && Pid(change) != Pid(before));
        Assert.Equal(before.ResourceId, after.ResourceId);
        await host.WaitForAsync("parse", change =>
            change.Snapshot.HealthStatus.ToString() == "Healthy" && Pid(change) == Pid(after));
    }

    private static string Pid(ResourceEvent change) => Convert.ToString(
        change.Snapshot.Properties.Single(property => property.Name == "executable.pid").Value, CultureInfo.InvariantCulture)!;
}
