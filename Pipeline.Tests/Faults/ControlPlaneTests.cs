using System.Diagnostics;
using System.Globalization;
using Pipeline.ServiceDefaults.Hosting;
using Pipeline.Tests.AppHost;

namespace Pipeline.Tests.Faults;

/// <summary>
/// SIGKILL of DCP, which runs all processes for Aspire: the AppHost ends what is left, says so in one line and exits with 1.
/// </summary>
[Collection(WholeMachineCollection.Name)]
[Trait("Category", "Faults")]
[Trait("Row", "dcp")]
public sealed class ControlPlaneTests : FolderTests
{
    private const int Usual = 2;

    /// <summary>The AppHost looks twice a second, and then kills all services at once.</summary>
    private static readonly TimeSpan ServicesMayLinger = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan AnythingMayLinger = TimeSpan.FromSeconds(20);

    [FaultTheory]
    [InlineData("API server", true)]
    [InlineData("API server", false)]
    [InlineData("controllers", true)]
    [InlineData("controllers", false)]
    [InlineData("all", true)]
    [InlineData("all", false)]
    public async Task AppHost_DcpKilled_EndsEverythingAndExitsWith1(string which, bool exit)
    {
        var input = FaultBench.Write(InFolder("input.ndjson"), FaultSettings.Lines, 0.004);
        var services = new ServiceProcesses(Folder);
        var row = new FaultRow($"SIGKILL dcp ({which}{(exit ? ", --exit" : "")})");
        var (slowestServices, slowest) = (TimeSpan.Zero, TimeSpan.Zero);
        await row.RepeatAsync(FaultSettings.Repeat(Usual), async _ =>
        {
            using var host = exit
                ? AppHostProcess.Start(Folder, new Dictionary<string, string>(), "--input", input, "--batch-size", "1", "--exit")
                : AppHostProcess.Start(Folder, new Dictionary<string, string>(), "--Pipeline:Demo=false");
            await UntilAsync(() => ServiceProcesses.Services.All(service => services.Find(service) is not null), "all services to start");
            if (exit)
                await host.ReadRunAsync();
            var dcp = DcpProcesses.Of(host.Id);

            ProcessIdentity[] killed = which switch
            {
                "API server" => [dcp.ApiServer],
                "controllers" => [dcp.Controllers],
                _ => [.. dcp.Dcp],
            };
            foreach (var process in killed)
                process.Kill(entireTree: false);
            var since = Stopwatch.GetTimestamp();
            await UntilAsync(() => services.All().Count == 0, "the services to be gone");
            slowestServices = Max(slowestServices, Stopwatch.GetElapsedTime(since));
            var (code, _, error) = await host.EndAsync();
            await UntilAsync(() => !dcp.AnyAlive, "DCP and the dashboard to be gone");
            slowest = Max(slowest, Stopwatch.GetElapsedTime(since));

            Assert.Equal(1, code);
            Assert.Single(error.Split('\n'), line => line.StartsWith("error: ", StringComparison.Ordinal));
            Assert.DoesNotContain("does not answer", error, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        });
        row.Note = string.Create(
            CultureInfo.InvariantCulture,
            $"services gone after {slowestServices.TotalSeconds:0.0} s, all after {slowest.TotalSeconds:0.0} s at most");
        row.Require(slowestServices <= ServicesMayLinger, "a service lived on");
        row.Require(slowest <= AnythingMayLinger, "DCP or the dashboard lived on");
        row.Finish();
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private static Task UntilAsync(Func<bool> condition, string what) => Waiting.UntilAsync(condition, what, AppHostUnderTest.Patience);
}
