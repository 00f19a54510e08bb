using Microsoft.Playwright;
using Pipeline.Tests.AppHost;
using Pipeline.Tests.Dashboard;

namespace Pipeline.Tests.Page;

/// <summary>A browser for the tests of the orchestrator's page.</summary>
public sealed class PageFixture : IAsyncLifetime
{
    private IPlaywright? _playwright;

    internal IBrowser Browser { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        if (BrowserFactAttribute.SkipReason is not null)
            return;
        _playwright = await Playwright.CreateAsync();
        Browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = BrowserFactAttribute.Browser ?? throw new InvalidOperationException("there is no browser on PATH"),
            Args = ["--disable-gpu", "--disable-background-networking"],
            Timeout = (float)AppHostUnderTest.Patience.TotalMilliseconds,
        });
        Assertions.SetDefaultExpectTimeout((float)AppHostUnderTest.Patience.TotalMilliseconds);
    }

    public async Task DisposeAsync()
    {
        if (_playwright is null)
            return;
        await Browser.DisposeAsync();
        _playwright.Dispose();
    }
}
