using Microsoft.Playwright;
using Pipeline.Tests.Dashboard;

namespace Pipeline.Tests.Page;

/// <summary>A browser for the tests of the orchestrator's page.</summary>
public sealed class PageFixture : IAsyncLifetime
{
    private TestBrowser? _browser;

    internal IBrowser Browser => _browser?.Browser ?? throw new InvalidOperationException("not started");

    public async Task InitializeAsync()
    {
        if (BrowserFactAttribute.SkipReason is null)
            _browser = await TestBrowser.StartAsync();
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
    }
}
