using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Pipeline.Tests.Dashboard;

namespace Pipeline.Tests.Page;

/// <summary>The orchestrator's page in a browser that is logged in, in the terms of its user.</summary>
internal sealed class OpenPage : IAsyncDisposable
{
    private readonly IBrowserContext _session;
    private readonly PageErrors _errors;

    private OpenPage(IBrowserContext session, IPage page)
    {
        _session = session;
        Page = page;
        _errors = new PageErrors(page);
    }

    public IPage Page { get; }

    /// <summary>What the browser has logged as errors so far.</summary>
    public IReadOnlyList<string> Errors => _errors.All;

    /// <summary>Opens a browser of its own at a path.</summary>
    public static async Task<OpenPage> OpenAsync(IBrowser browser, Uri orchestrator, string path, int width = 1280)
    {
        var session = await browser.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = orchestrator.GetLeftPart(UriPartial.Authority),
            ViewportSize = new ViewportSize { Width = width, Height = 850 },
        });
        session.SetDefaultTimeout(TestBrowser.PatienceMillis);
        var page = new OpenPage(session, await session.NewPageAsync());
        await page.Page.GotoAsync(path);
        return page;
    }

    /// <summary>Goes to a path, and waits until what is there can be used.</summary>
    public async Task GoAsync(string path)
    {
        await Page.GotoAsync(path);
        await WaitUntilUsableAsync();
        // The router gives it the focus, as its last step.
        await Page.Locator("h1:focus").WaitForAsync();
    }

    /// <summary>Waits until what is shown can be used.</summary>
    public Task WaitUntilUsableAsync() => Page.Locator("main:not([inert])").WaitForAsync();

    /// <summary>A button by its text.</summary>
    public ILocator Button(string text) => Page.Locator("main fluent-button").Filter(new() { HasText = text });

    /// <summary>A field by its label.</summary>
    public ILocator Field(string label) => Page.GetByRole(AriaRole.Textbox, new() { Name = label });

    /// <summary>Types into a field that reports each key to the server, once the script that does so is attached, which is after the first render.</summary>
    public async Task TypeAsync(string label, string text)
    {
        var field = Field(label);
        await Page.WaitForFunctionAsync("field => field.getRootNode().host.__immediate", await field.ElementHandleAsync());
        await field.FillAsync(text);
    }

    /// <summary>What axe finds to be inaccessible.</summary>
    public async Task<IEnumerable<string>> FindBarriersAsync()
    {
        await WaitForColoursAsync();
        var result = await Page.RunAxe();
        return result.Violations.Select(found => $"{found.Id}: {string.Join(", ", found.Nodes.Select(node => node.Html))}");
    }

    /// <summary>Walks through the page with the Tab key.</summary>
    /// <returns>Controls that never have the focus.</returns>
    public async Task<string[]> FindUnreachableAsync()
    {
        const string controls =
            "a[href], button, summary, input:not([type=hidden]), select, textarea, fluent-button, fluent-checkbox, fluent-select, [tabindex='0']";
        await Page.EvaluateAsync(
            $$"""
            () => {
              document.activeElement?.blur();
              getSelection().removeAllRanges();
              window.first = undefined;
              window.isBeyond = false;
              window.walked = [...document.querySelectorAll("{{controls}}")]
                .filter((node) => node.checkVisibility({ checkVisibilityCSS: true }) && !node.disabled && !node.hasAttribute('disabled'));
              window.leftByRound = window.walked.length;
            }
            """);
        // Until a whole round reaches nothing more: the page itself can move the focus in the middle of one.
        const int most = 10_000;
        var isDone = false;
        for (var step = 0; step < most && !isDone; step++)
        {
            await Page.Keyboard.PressAsync("Tab");
            isDone = await Page.EvaluateAsync<bool>(
                """
                () => {
                  const focused = document.activeElement;
                  window.walked = window.walked.filter((node) => !(node === focused || node.contains(focused)));
                  if (focused === window.first && window.isBeyond) {
                    const isLast = window.walked.length === window.leftByRound;
                    window.leftByRound = window.walked.length;
                    window.isBeyond = false;
                    return isLast;
                  }
                  if (focused !== document.body) window.first ??= focused;
                  window.isBeyond = focused !== window.first;
                  return window.walked.length === 0;
                }
                """);
        }

        return await Page.EvaluateAsync<string[]>("() => window.walked.map((node) => node.outerHTML.slice(0, 200))");
    }

    /// <summary>Presses Tab until a control with this text has the focus.</summary>
    /// <exception cref="InvalidOperationException">None gets it.</exception>
    public async Task TabToAsync(string text)
    {
        const int most = 100;
        for (var step = 0; step < most; step++)
        {
            await Page.Keyboard.PressAsync("Tab");
            if (await Page.EvaluateAsync<string>("() => document.activeElement.textContent.trim()") == text)
                return;
        }

        throw new InvalidOperationException($"no control '{text}' in {most} steps");
    }

    /// <summary>Takes a picture for the documentation, light and dark, if it is asked for.</summary>
    public async Task ShootAsync(string name)
    {
        if (TestBrowser.ScreenshotFolder is null)
            return;
        foreach (var theme in (string[])["light", "dark"])
        {
            await WaitForColoursAsync();
            await Page.ScreenshotAsync(new() { Path = Path.Combine(TestBrowser.ScreenshotFolder, $"page-{name}-{theme}.png") });
            await Page.Locator("fluent-button").Filter(new() { HasText = "Theme" }).ClickAsync();
        }
    }

    // Colours that change to another theme's have neither theme's contrast.
    private Task WaitForColoursAsync() => Page.WaitForFunctionAsync(
        """
        () => {
          const inner = (root) => [...root.querySelectorAll('*')].filter((node) => node.shadowRoot).flatMap((node) => all(node.shadowRoot));
          const all = (root) => [...root.getAnimations(), ...inner(root)];
          return all(document).every((animation) => animation.playState !== 'running' || animation.effect.getTiming().iterations === Infinity);
        }
        """);

    public async ValueTask DisposeAsync() => await _session.DisposeAsync();
}
