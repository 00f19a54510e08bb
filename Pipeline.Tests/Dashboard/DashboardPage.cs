using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Pipeline.Tests.Dashboard;

/// <summary>A page of Aspire's dashboard, in the terms of its user; the knowledge of its markup is here.</summary>
internal sealed class DashboardPage : IAsyncDisposable
{
    private readonly IPage _page;
    private readonly PageErrors _errors;

    private DashboardPage(IPage page) => (_page, _errors) = (page, new PageErrors(page));

    /// <summary>What the browser has logged as errors so far.</summary>
    public IReadOnlyList<string> Errors => _errors.All;

    /// <summary>The dialog that is open.</summary>
    public ILocator Dialog => _page.Locator("fluent-dialog");

    /// <summary>The edges of the graph.</summary>
    public ILocator Edges => _page.Locator("line.resource-link");

    /// <summary>The rows of the page of traces, oldest first.</summary>
    public ILocator Traces => _page.Locator("tr:has(.trace-name-container)");

    /// <summary>The rows of a trace.</summary>
    public ILocator Spans => _page.Locator("tr:has(.span-name-container)");

    /// <summary>The rows of the page of structured logs that are warnings or worse.</summary>
    public ILocator LoggedProblems => _page.Locator("tr.log-row-warning, tr.log-row-error, tr.log-row-critical");

    /// <summary>Opens a page.</summary>
    public static async Task<DashboardPage> OpenAsync(IBrowserContext session, string path)
    {
        var page = new DashboardPage(await session.NewPageAsync());
        await page.GoAsync(path);
        return page;
    }

    /// <summary>Goes to another page.</summary>
    public Task GoAsync(string path) => _page.GotoAsync(path);

    /// <summary>The first visible text that matches a regular expression.</summary>
    public ILocator Text(string pattern) => _page.GetByText(new Regex(pattern)).Filter(new() { Visible = true }).First;

    /// <summary>The row of a resource.</summary>
    public ILocator Resource(string name) => _page.Locator($"tr:has(td[aria-label$=': {name}'])");

    /// <summary>The state of a resource.</summary>
    public ILocator State(string resource) => Resource(resource).Locator("td[col-index='2']");

    /// <summary>The rows of a trace that are spans of this resource and name, such as <c>orchestrator: run</c>.</summary>
    public ILocator Span(string name) => Spans.Filter(new() { Has = _page.Locator($"td[aria-label^='{name}']") });

    /// <summary>The rows of a trace that are spans of this resource.</summary>
    public ILocator SpansOf(string resource) => Spans.Filter(new() { Has = _page.Locator($"td[col-index='2'][aria-label='{resource}']") });

    /// <summary>A button of the open dialog.</summary>
    public ILocator Button(string text) => Dialog.Locator("fluent-button").Filter(new() { HasText = text });

    /// <summary>An input of the open dialog, with its label and its error.</summary>
    public ILocator Field(string label) =>
        Dialog.Locator(".interaction-input").Filter(new() { Has = _page.Locator("label", new() { HasText = label }) });

    /// <summary>The errors at the inputs of the open dialog.</summary>
    public ILocator FieldErrors => Dialog.Locator(".fluent-validation-message");

    /// <summary>Fills an input of the open dialog.</summary>
    public Task FillAsync(string label, string value) => Field(label).Locator("input").FillAsync(value);

    /// <summary>Chooses a command from the menu of a resource.</summary>
    public async Task ChooseAsync(string resource, string command)
    {
        await Resource(resource).GetByRole(AriaRole.Button, new() { Name = "Actions" }).ClickAsync();
        await Item("View details").WaitForAsync();
        if (!await Item(command).IsVisibleAsync())
            await Item("Commands").ClickAsync();
        await Item(command).ClickAsync();
    }

    /// <summary>The edges of the graph, as <c>source -> target</c>.</summary>
    public Task<string[]> ReadEdgesAsync() => Edges.EvaluateAllAsync<string[]>(
        "lines => lines.map(({ __data__: edge }) => `${edge.source.label} -> ${edge.target.label}`)");

    /// <summary>The page as HTML.</summary>
    public Task<string> ReadAsync() => _page.ContentAsync();

    /// <summary>Takes a picture for the documentation, if it is asked for.</summary>
    public async Task ShootAsync(string name)
    {
        if (TestBrowser.ScreenshotFolder is null)
            return;
        // The graph's nodes find their places first.
        await _page.WaitForFunctionAsync(
            """
            () => {
                const places = [...document.querySelectorAll('.resource-group')].map(node => node.getAttribute('transform')).join();
                const rest = places === window.formerPlaces;
                window.formerPlaces = places;
                return rest;
            }
            """,
            null,
            new() { PollingInterval = 500 });
        await _page.ScreenshotAsync(new() { Path = Path.Combine(TestBrowser.ScreenshotFolder, $"dashboard-{name}.png") });
    }

    public async ValueTask DisposeAsync() => await _page.CloseAsync();

    private ILocator Item(string text) => _page.GetByRole(AriaRole.Menuitem, new() { Name = text, Exact = true });
}
