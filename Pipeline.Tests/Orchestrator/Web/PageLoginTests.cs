using System.Net;
using Pipeline.Client.Runs;
using Pipeline.Orchestrator.Web.Security;
using Pipeline.Tests.Orchestrator.Fakes;

namespace Pipeline.Tests.Orchestrator.Web;

/// <summary>Who gets to the page, and who does not.</summary>
public sealed class PageLoginTests : IAsyncLifetime
{
    private ServedOrchestrator _served = null!;
    private HttpClient _browser = null!;

    public async Task InitializeAsync()
    {
        _served = await ServedOrchestrator.StartAsync();
        _browser = NewBrowser();
    }

    public async Task DisposeAsync()
    {
        _browser.Dispose();
        await _served.DisposeAsync();
    }

    [Theory]
    [InlineData("/", "/login?returnUrl=%2F")]
    [InlineData("/ui/runs/x?a=b", "/login?returnUrl=%2Fui%2Fruns%2Fx%3Fa%3Db")]
    public async Task Get_WithoutLogin_LeadsToTheLogin(string path, string login)
    {
        using var response = await _browser.GetAsync(path);

        Assert.Equal((HttpStatusCode.Redirect, login), (response.StatusCode, response.Headers.Location?.ToString()));
    }

    [Theory]
    [InlineData("/runs", "/ui/runs")]
    [InlineData("/new?from=a b", "/ui/new?from=a%20b")]
    [InlineData("//evil.example/%0d", "/ui//evil.example/%0D")]
    public async Task Get_ByABrowserOutsideThePage_LeadsToThePageOfThatName(string path, string page)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_browser.BaseAddress + path[1..]));
        request.Headers.Add("Sec-Fetch-Mode", "navigate");
        using var response = await _browser.SendAsync(request);

        Assert.Equal((HttpStatusCode.Redirect, page), (response.StatusCode, response.Headers.Location?.ToString()));
    }

    [Theory]
    [InlineData("GET", "cors", null)]
    [InlineData("GET", "navigate", "Bearer wrong")]
    [InlineData("POST", "navigate", null)]
    public async Task Request_OutsideThePageByAScriptOrAForm_IsUnauthorized(string method, string mode, string? authorization)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "/runs");
        request.Headers.Add("Sec-Fetch-Mode", mode);
        if (authorization is not null)
            request.Headers.Add("Authorization", authorization);
        using var response = await _browser.SendAsync(request);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Theory]
    [InlineData("GET", "/_blazor")]
    [InlineData("POST", "/_blazor/negotiate")]
    [InlineData("POST", "/ui/new")]
    public async Task Request_OfThePagesScriptsWithoutLogin_IsUnauthorized(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var response = await _browser.SendAsync(request);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Fact]
    public async Task Login_WithToken_OpensThePageAgainAndAgain()
    {
        using var second = NewBrowser();
        foreach (var browser in new[] { _browser, second })
        {
            using var login = await browser.GetAsync(PageLogin.LinkOf(ServedOrchestrator.Key));
            Assert.Equal(HttpStatusCode.OK, login.StatusCode);
            var cookie = Assert.Single(login.Headers.GetValues("Set-Cookie"), value => !value.Contains("antiforgery", StringComparison.Ordinal));
            Assert.Matches("^[.]pipeline[.][0-9a-f]{8}=", cookie);
            Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(PageLogin.TokenOf(ServedOrchestrator.Key), await login.Content.ReadAsStringAsync(), StringComparison.Ordinal);

            using var page = await browser.GetAsync("/");
            Assert.Equal(HttpStatusCode.OK, page.StatusCode);
            Assert.False(page.Headers.ConnectionClose ?? false);
        }
    }

    [Theory]
    [InlineData("wrong")]
    [InlineData("")]
    [InlineData(ServedOrchestrator.Key)]
    public async Task Login_WithWrongToken_SaysSoAndOpensNothing(string token)
    {
        using var login = await _browser.GetAsync($"/login?t={token}");

        Assert.Contains("This token is not of the pipeline", await login.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, login.StatusCode);
        Assert.False(login.Headers.Contains("Set-Cookie") && login.Headers.GetValues("Set-Cookie").Any(
            value => value.StartsWith(".pipeline.", StringComparison.Ordinal) && !value.Contains("antiforgery", StringComparison.Ordinal)));
        using var page = await _browser.GetAsync("/");
        Assert.Equal(HttpStatusCode.Redirect, page.StatusCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("http://127.0.0.1:5080/login?t=")]
    public async Task Login_ByAFormOfBeforeARestart_OpensThePage(string beforeToken)
    {
        // It has no cookie that this process knows.
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["token"] = beforeToken + PageLogin.TokenOf(ServedOrchestrator.Key), ["returnUrl"] = "/ui/runs",
        });

        using var response = await _browser.PostAsync("/login", form);

        Assert.Equal((HttpStatusCode.Redirect, "/ui/runs"), (response.StatusCode, response.Headers.Location?.ToString()));
        Assert.True(response.Headers.Contains("Set-Cookie"));
    }

    [Fact]
    public async Task Page_WithAForm_ItsCookieIsOfThisPipelineAndKey()
    {
        using var login = await _browser.GetAsync(PageLogin.LinkOf(ServedOrchestrator.Key));
        using var page = await _browser.GetAsync("/ui/new");

        var cookies = new[] { login, page }.SelectMany(answer => answer.Headers.TryGetValues("Set-Cookie", out var set) ? set : []);
        Assert.Matches("^[.]pipeline[.]antiforgery[.][0-9a-f]{8}=", Assert.Single(cookies, cookie => cookie.Contains("antiforgery", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Login_WithCookiesOfFormerKeys_DeletesThem()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, PageLogin.LinkOf(ServedOrchestrator.Key));
        request.Headers.Add("Cookie", ".pipeline.antiforgery.00000000=a; theme=dark");
        using var response = await _browser.SendAsync(request);

        var deleted = response.Headers.GetValues("Set-Cookie").Where(cookie => cookie.Contains("expires=Thu, 01 Jan 1970", StringComparison.OrdinalIgnoreCase));
        Assert.StartsWith(".pipeline.antiforgery.00000000=;", Assert.Single(deleted), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/ui/nothing", "There is nothing here")]
    [InlineData("/ui/runs/20260101-120000-ab12", "There is no such run.")]
    public async Task Get_WhatIsNotThere_IsNotFoundAndSaysSo(string path, string text)
    {
        using (await _browser.GetAsync(PageLogin.LinkOf(ServedOrchestrator.Key)))
        {
        }

        using var response = await _browser.GetAsync(path);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Contains(text, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Login_BeforeARestart_HoldsAfterIt()
    {
        using (await _browser.GetAsync(PageLogin.LinkOf(ServedOrchestrator.Key)))
        {
        }

        var port = _browser.BaseAddress!.Port;
        await _served.StopAsync();
        await using var again = await ServedOrchestrator.StartAsync(_served.Folder, port: port);

        using var page = await _browser.GetAsync("/");
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
    }

    [Fact]
    public async Task Request_ApiWithThePagesCookie_IsUnauthorized()
    {
        using (await _browser.GetAsync(PageLogin.LinkOf(ServedOrchestrator.Key)))
        {
        }

        using var response = await _browser.GetAsync("/runs");

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Theory]
    [InlineData("evil.example", HttpStatusCode.BadRequest)]
    [InlineData("127.0.0.1.evil.example", HttpStatusCode.BadRequest)]
    [InlineData("localhost", HttpStatusCode.OK)]
    [InlineData("pipeline.localhost", HttpStatusCode.OK)]
    [InlineData("[::1]", HttpStatusCode.OK)]
    public async Task Request_ForAnotherHost_IsRefused(string host, HttpStatusCode status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/login") { Headers = { Host = host } };
        using var response = await _browser.SendAsync(request);

        Assert.Equal(status, response.StatusCode);
    }

    [Fact]
    public async Task Page_AnyResponse_PolicyAllowsThisOriginOnly()
    {
        using var response = await _browser.GetAsync("/login");

        var policy = string.Join("; ", response.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("script-src 'self';", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe-eval", policy, StringComparison.Ordinal);
        Assert.Equal("no-referrer", response.Headers.GetValues("Referrer-Policy").Single());
    }

    [Theory]
    [InlineData("/ui/runs/x?a=b", "/ui/runs/x?a=b")]
    [InlineData("/", "/")]
    [InlineData(null, "/")]
    [InlineData("", "/")]
    [InlineData("//evil.example", "/")]
    [InlineData("/\\evil.example", "/")]
    [InlineData("https://evil.example/", "/")]
    [InlineData("/runs", "/")]
    [InlineData("javascript:alert(1)", "/")]
    public void LocalOf_AnyUrl_IsAPathOfThePage(string? url, string path) => Assert.Equal(path, PageLoginEndpoints.LocalOf(url));

    private HttpClient NewBrowser() => new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = true, CookieContainer = new CookieContainer() })
    {
        BaseAddress = _served.Client.BaseAddress,
    };
}
