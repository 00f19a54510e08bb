using Pipeline.Cli;
using Pipeline.Tests.Orchestrator.Fakes;

namespace Pipeline.Tests.Cli;

/// <summary>Types commands in a folder of its own, and keeps what they write.</summary>
public abstract class CommandTests : FolderTests
{
    private readonly StringWriter _output = new() { NewLine = "\n" };
    private readonly StringWriter _error = new() { NewLine = "\n" };

    private protected CommandTests() => Terminal = new(_output, _error, openOutput: () => Bytes, openInput: () => Input);

    private protected Terminal Terminal { get; }

    /// <summary>What goes to standard output as bytes.</summary>
    private protected MemoryStream Bytes { get; set; } = new();

    private protected Stream Input { get; set; } = Stream.Null;

    private protected string Output => _output.ToString();

    private protected string Error => _error.ToString();

    private protected string[] Errors => [.. Error.Split('\n').Where(line => line.StartsWith("error: ", StringComparison.Ordinal))];

    public override void Dispose()
    {
        _output.Dispose();
        _error.Dispose();
        Bytes.Dispose();
        Input.Dispose();
        base.Dispose();
    }

    private protected Task<int> CommandAsync(params string[] args) =>
        CommandLine.RunAsync(args, Terminal, Environment).WaitAsync(Waiting.Limit);

    private protected Task<int> CommandAsync(ServedOrchestrator served, params string[] args) =>
        CommandLine.RunAsync(args, Terminal, EnvironmentOf(served)).WaitAsync(Waiting.Limit);

    private protected static Func<string, string?> EnvironmentOf(ServedOrchestrator served) =>
        name => name == "PIPELINE_ENDPOINT_FILE" ? served.EndpointPath : null;

    private protected string? Environment(string name) => name == "PIPELINE_ENDPOINT_FILE" ? InFolder("endpoint.json") : null;

    private protected void Clear()
    {
        _output.GetStringBuilder().Clear();
        _error.GetStringBuilder().Clear();
    }
}
