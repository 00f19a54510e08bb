using Microsoft.Playwright;
using Pipeline.Tests.AppHost;

namespace Pipeline.Tests.Dashboard;

/// <summary>A browser without a window.</summary>
internal sealed class TestBrowser : IAsyncDisposable
{
    private readonly IPlaywright _playwright;

    private TestBrowser(IPlaywright playwright, IBrowser browser) => (_playwright, Browser) = (playwright, browser);

    public static float PatienceMillis => (float)AppHostUnderTest.Patience.TotalMilliseconds;

    /// <summary>Where pictures for the documentation go; set by eng/screenshots.</summary>
    public static string? ScreenshotFolder { get; } = Environment.GetEnvironmentVariable("PIPELINE_SCREENSHOTS");

    public IBrowser Browser { get; }

    public static async Task<TestBrowser> StartAsync()
    {
        var playwright = await Playwright.CreateAsync();
        Assertions.SetDefaultExpectTimeout(PatienceMillis);
        return new TestBrowser(playwright, await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = BrowserFactAttribute.Browser ?? throw new InvalidOperationException("there is no browser on PATH"),
            Args = ["--disable-gpu", "--disable-background-networking"],
            Timeout = PatienceMillis,
        }));
    }

    public async ValueTask DisposeAsync()
    {
        await Browser.DisposeAsync();
        _playwright.Dispose();
    }
}

/// <summary>What the browser logs as errors of a page.</summary>
internal sealed class PageErrors
{
    private readonly List<string> _errors = [];

    public PageErrors(IPage page)
    {
        page.Console += (_, message) => Add(message.Type == "error" ? $"{message.Text} ({message.Location})" : null);
        page.PageError += (_, error) => Add(error);
    }

    /// <summary>Those so far.</summary>
    public IReadOnlyList<string> All
    {
        get
        {
            lock (_errors)
                return [.. _errors];
        }
    }

    private void Add(string? error)
    {
        if (error is null)
            return;
        lock (_errors)
            _errors.Add(error);
    }
}
