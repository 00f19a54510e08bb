using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Pipeline.Cli;
using Pipeline.Tests.Orchestrator.Fakes;

namespace Pipeline.Tests.Orchestrator.Api;

/// <summary>Generated bodies and command lines: whatever they are, the answer is one for the caller, never an exception.</summary>
public sealed class RequestFuzzTests
{
    // A tenth of the lines of the long run: PIPELINE_FUZZ_LINES=1000000 for the whole of it, PIPELINE_FUZZ_SEED to repeat one.
    private const int DefaultLines = 20_000;
    private const int LinesPerTry = 10;

    private static readonly int Tries = (Setting("PIPELINE_FUZZ_LINES") ?? DefaultLines) / LinesPerTry;
    private static readonly int Seed = Setting("PIPELINE_FUZZ_SEED") ?? Random.Shared.Next();

    private static readonly string[] Fields =
    [
        "input", "output", "overwrite", "batchSize", "lingerMicros", "maxLineBytes", "allowedTypes", "rules", "groupBy", "extraAggregates",
        "checkpointIntervalMillis", "rate", "Input", "colour",
    ];

    private static readonly string[] Values =
    [
        "null", "true", "0", "-1", "1e999", "9999999999999999999999", "0.5", "\"\"", "\" \"", "\"/\"", "\"/none/x\"", "\"x\"", "\"\\ud800\"", "\"\\u0000\"",
        "\"/dev/fd/0\"", "\"/a\\u0000b\"", "[]", "[\"type\"]", "[null]", "[1]", "[\"type\",\"type\"]", "{}", "{\"a\":{}}",
        "\"{\\\"rules\\\":[{\\\"drop\\\":\\\"(\\\"}]}\"", "\"{\\\"rules\\\":[]}\"", "\"/none/out.ndjson\"", "\"/none/out.zst\"",
    ];

    private static readonly string[] Words =
    [
        "run", "runs", "show", "pause", "resume", "cancel", "topology", "generate", "--json", "--markdown", "--help", "--version", "--input", "--output",
        "--rules", "--group-by", "--batch-size", "--rate", "--check", "--detach", "--threads", "--count", "--seed", "--types", "--start", "--work-ratio",
        "--overwrite", "--", "", " ", "-", "-1", "0", "x", "20260101-120000-ab12", "../x", "1e999", "type,,user", "@x", "\ud800", "é\u0000", "--input=",
        "--foo", "[x]", "%s",
    ];

    [Fact]
    public async Task Post_GeneratedBody_IsAnsweredByAStatusForTheCaller()
    {
        await using var served = await ServedOrchestrator.StartAsync();
        var random = new Random(Seed);
        for (var done = 0; done < Tries; done++)
        {
            var body = Body(random);
            using var content = new ByteArrayContent(body);
            content.Headers.ContentType = new MediaTypeHeaderValue(random.Next(20) == 0 ? "text/plain" : "application/json");
            using var response = await served.Client.PostAsync("/runs", content);
            Assert.True(
                response.StatusCode is HttpStatusCode.Created or (>= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError),
                $"PIPELINE_FUZZ_SEED={Seed}, after {done} tries: {response.StatusCode} for {Convert.ToBase64String(body)}");
        }
    }

    [Fact]
    public async Task CommandLine_GeneratedArguments_EndsWithAnExitCodeAndNoException()
    {
        var random = new Random(Seed);
        for (var done = 0; done < Tries; done++)
        {
            var args = Enumerable.Range(0, random.Next(1, 8)).Select(_ => Words[random.Next(Words.Length)]).ToArray();
            using var error = new StringWriter();
            // There is no pipeline, and nothing names a file that can be written.
            var code = await CommandLine.RunAsync(
                [.. args, "--output", "/none/x"],
                new Terminal(TextWriter.Null, error),
                name => name == "PIPELINE_ENDPOINT_FILE" ? "/none/endpoint.json" : null);
            Assert.True(
                code is ExitCodes.Ok or ExitCodes.Failed or ExitCodes.Usage or ExitCodes.NoPipeline
                && !error.ToString().Contains("Exception)", StringComparison.Ordinal),
                $"PIPELINE_FUZZ_SEED={Seed}, after {done} tries: {code} for '{string.Join("' '", args)}': {error}");
        }
    }

    private static byte[] Body(Random random)
    {
        var fields = Enumerable.Range(0, random.Next(0, 6)).Select(_ => $"\"{Fields[random.Next(Fields.Length)]}\":{Values[random.Next(Values.Length)]}");
        var body = Encoding.UTF8.GetBytes(random.Next(3) == 0
            ? $"{{{string.Join(',', fields)}}}"
            : $"{{\"input\":\"{Systems.Absolute("/none/in.ndjson")}\",{string.Join(',', fields.Append("\"rate\":0"))}}}");
        // Every other one is damaged.
        for (var damage = random.Next(2) * random.Next(1, 5); damage > 0 && body.Length > 0; damage--)
        {
            var at = random.Next(body.Length);
            switch (random.Next(3))
            {
                case 0:
                    body[at] = (byte)random.Next(256);
                    break;
                case 1:
                    body = body[..at];
                    break;
                default:
                    body = [.. body[..at], .. body[at..], .. body[at..]];
                    break;
            }
        }

        return body;
    }

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
}
