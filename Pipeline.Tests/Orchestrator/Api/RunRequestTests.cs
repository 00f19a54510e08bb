using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Pipeline.Orchestrator.Api;
using Pipeline.Tests.Orchestrator.Fakes;

namespace Pipeline.Tests.Orchestrator.Api;

/// <summary>Requests that create a run: their bodies.</summary>
public sealed class RunRequestTests : ApiTest
{
    [Fact]
    public async Task Post_DryRun_ChecksAndStoresNothing()
    {
        var output = InFolder("day.ndjson");
        var body = Body(Input, output);

        using (var free = await PostAsync(body, "/runs?dryRun=true"))
            Assert.Equal(HttpStatusCode.NoContent, free.StatusCode);
        File.WriteAllText(output, "mine");
        using (var taken = await PostAsync(body, "/runs?dryRun=true"))
            Assert.Equal(HttpStatusCode.Conflict, taken.StatusCode);

        Assert.Equal("[]", await Served.Client.GetStringAsync("/runs"));
    }

    [Fact]
    public async Task Post_DryRunWithoutAStage_TellsWhoHasNotChecked()
    {
        Served.Registry.Remove("rules-0");

        using var response = await PostAsync(Body(Input), "/runs?dryRun=true");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("""{"missing":["rules"]}""", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Post_DryRunIsNoBoolean_TellsTheParameter()
    {
        using var refused = await PostAsync(Body(Input), "/runs?dryRun=nonsense");

        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        using var problem = JsonDocument.Parse(await refused.Content.ReadAsStringAsync());
        Assert.Contains("dryRun", problem.RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_SeveralWrongFields_AllAreNamed()
    {
        using var response = await PostAsync(
            """{"input":5,"batchSize":"many","colour":"red","groupBy":null,"rate":-1,"rules":" ","maxLineBytes":9999999999,"allowedTypes":[null]}""");
        var problem = await ProblemAsync(response, HttpStatusCode.BadRequest);
        var fields = problem.GetProperty("errors").EnumerateObject().Select(field => field.Name);
        Assert.Equal(["allowedTypes", "batchSize", "colour", "groupBy", "input", "maxLineBytes", "rate", "rules"], fields.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"input\":\"/a\",\"input\":\"/b\"}")]
    [InlineData("{\"input\":\"\\ud800/x\"}")]
    [InlineData("{\"\\ud800\":1}")]
    [InlineData("{\"groupBy\":[\"\\udc00\"]}")]
    public async Task Post_BodyIsNoValidObject_IsRefused(string body)
    {
        using var response = await PostAsync(body);
        var problem = await ProblemAsync(response, HttpStatusCode.BadRequest);
        Assert.True(problem.GetProperty("errors").TryGetProperty("body", out _));
    }

    [Theory]
    [InlineData("{\"input\":\n")]
    [InlineData("{\n'a':1}")]
    public async Task Post_BodyThatIsNotJson_IsRefusedWithItsLine(string body)
    {
        using var response = await PostAsync(body);
        var problem = await ProblemAsync(response, HttpStatusCode.BadRequest);
        Assert.Matches(@"^body is not JSON: [^|]*[^.], line 2\.$", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Post_BodyThatIsNotUtf8_IsRefused()
    {
        using var content = new ByteArrayContent([.. "{\"input\":\"/a"u8, 0xff, .. "\"}"u8]);
        content.Headers.ContentType = new("application/json");
        using var response = await Served.Client.PostAsync("/runs", content);
        var problem = await ProblemAsync(response, HttpStatusCode.BadRequest);
        Assert.Equal("is not UTF-8", problem.GetProperty("errors").GetProperty("body")[0].GetString());
    }

    [Fact]
    public async Task Post_BodyTooLarge_IsRefused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/runs")
        {
            Content = new StringContent(
                Body(Input, more: $",\"rules\":\"{new string(' ', (int)RunEndpoints.MaxBodyBytes)}\""), Encoding.UTF8, "application/json"),
        };
        // Otherwise the connection may be closed while the body is sent, before the answer is read.
        request.Headers.ExpectContinue = true;
        using var response = await Served.Client.SendAsync(request);
        await ProblemAsync(response, HttpStatusCode.RequestEntityTooLarge);
    }

    [Fact]
    public async Task Post_LongestRulesInEscapes_FitIntoABody()
    {
        var rules = string.Concat(Enumerable.Repeat(@"\u0436", 1 << 20));

        using var response = await PostAsync(Body(Input, more: $",\"rules\":\"{rules}\""));

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        (await Served.Stages.NextAsync()).Opens().Completes();
    }

    [Fact]
    public async Task Post_InputThatIsNotThere_IsRefusedAndNotStored()
    {
        var input = InFolder("none.ndjson");

        var problem = await ProblemAsync(await PostAsync(Body(input)), HttpStatusCode.BadRequest);

        Assert.Equal(
            $"cannot be read: there is no file or directory {input}", problem.GetProperty("errors").GetProperty("input")[0].GetString());
        Assert.Equal("[]", await Served.Client.GetStringAsync("/runs"));
    }

    /// <summary>One byte more than a body may have, and no end: to wait for the end would be to wait forever.</summary>
    [Fact]
    public async Task Post_ChunkedBodyWithoutEnd_IsRefusedAtTheLimit()
    {
        const long size = RunEndpoints.MaxBodyBytes + 1;
        using var client = new TcpClient();
        await client.ConnectAsync(Served.Client.BaseAddress!.Host, Served.Client.BaseAddress.Port);
        await using var stream = client.GetStream();
        var head =
            $"""
            POST /runs HTTP/1.1
            Host: {Served.Client.BaseAddress.Authority}
            Authorization: Bearer {ServedOrchestrator.Key}
            Content-Type: application/json
            Transfer-Encoding: chunked

            {size:x}

            """;
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head.ReplaceLineEndings("\r\n")));
        await stream.WriteAsync(Encoding.ASCII.GetBytes("""{"input":"/a","rules":" """.PadRight((int)size)));

        using var answer = new StreamReader(stream);
        Assert.StartsWith("HTTP/1.1 413 ", await answer.ReadLineAsync().WaitAsync(Waiting.Limit), StringComparison.Ordinal);
    }
}
