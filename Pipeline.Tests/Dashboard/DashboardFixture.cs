using Aspire.Hosting.ApplicationModel;
using Microsoft.Playwright;
using Pipeline.Tests.EndToEnd;

namespace Pipeline.Tests.Dashboard;

/// <summary>A pipeline that has made its demo run, its dashboard, and a browser that is logged in to it.</summary>
public sealed class DashboardFixture : IAsyncLifetime
{
    private PipelineUnderTest? _pipeline;
    private TestBrowser? _browser;
    private IBrowserContext? _session;

    internal PipelineUnderTest Pipeline => _pipeline ?? throw new InvalidOperationException("not started");

    public async Task InitializeAsync()
    {
        if (BrowserFactAttribute.SkipReason is not null)
            return;

        _browser = await TestBrowser.StartAsync();
        // The delay of a restart is the time for which the dashboard shows that it is due.
        _pipeline = await PipelineUnderTest.StartAsync(
            ["--Pipeline:Demo=true", "--Pipeline:Restart:InitialDelay=00:00:03"], data: null, dashboard: true);
        var dashboard = await Pipeline.Host.WaitForHealthyAsync("aspire-dashboard");
        var login = new Uri(dashboard.Snapshot.Urls.First(url => url.Url.Contains("/login?t=", StringComparison.Ordinal)).Url);
        var demo = await Pipeline.Host.WaitForAsync(
            "run", change => KnownResourceStates.TerminalStates.Contains(change.Snapshot.State?.Text));
        Assert.Equal(0, demo.Snapshot.ExitCode);

        _session = await _browser.Browser.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = login.GetLeftPart(UriPartial.Authority),
            ViewportSize = new ViewportSize { Width = 1280, Height = 760 },
        });
        _session.SetDefaultTimeout(TestBrowser.PatienceMillis);
        await using var page = await OpenAsync(login.PathAndQuery);
        await Assertions.Expect(page.Resource("orchestrator")).ToBeVisibleAsync();
    }

    /// <summary>Opens a page of the dashboard.</summary>
    internal async Task<DashboardPage> OpenAsync(string path) =>
        await DashboardPage.OpenAsync(_session ?? throw new InvalidOperationException("not started"), path);

    public async Task DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        if (_pipeline is not null)
            await _pipeline.DisposeAsync();
    }
}

/// <summary>Tests that share a dashboard.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class DashboardCollection : ICollectionFixture<DashboardFixture>
{
    public const string Name = "a dashboard";
}
