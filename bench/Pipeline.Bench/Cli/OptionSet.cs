using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Pipeline.Bench.Modes;
using Pipeline.Bench.Rows;
using Pipeline.Contracts;
using Pipeline.Files;

namespace Pipeline.Bench.Cli;

/// <summary>Options of the macro benchmark. Each tells its own error.</summary>
internal sealed class OptionSet
{
    private const string Auto = "auto";

    private readonly Option<long?> _count = Whole(
        "--count", 1, 1_000_000_000, "Lines of the input; default 10000000, of work items 50000, for --latency 1000000, for --checkpoint-cost 40000000");

    private readonly Option<int[]> _batchSizes = new("--batch-sizes")
    {
        Description = $"Lines per batch, each 1 to {RunLimits.MaxBatchLines} or {Auto}; default 1,10,100,1000,{Auto}, for --latency {Auto}",
        HelpName = "A,B,...",
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = ParseBatchSizes,
    };

    private readonly Option<long?> _runs = Whole("--runs", 1, 1_000, "Rounds that count, after one to warm up; default 5");
    private readonly Option<string?> _report = new("--report") { Description = "Folder for the report as Markdown, JSON and plot", HelpName = "FOLDER" };
    private readonly Option<string> _workload = OneOf("--workload", "What lines are", InputFile.Events, InputFile.WorkItems);
    private readonly Option<string> _payload = OneOf("--payload", "Size of work items", "medium", "small", "large");
    private readonly Option<bool> _latency = new("--latency") { Description = "Paced runs: time from line read to applied by Aggregate" };
    private readonly Option<long?> _rate = Whole("--rate", 1, 1_000_000_000, "Lines per second with --latency; default 50000");
    private readonly Option<bool> _grpcAlone = new("--grpc-alone") { Description = "Also each batch size without shared memory, over gRPC alone" };
    private readonly Option<bool> _checkpointCost = new("--checkpoint-cost")
    {
        Description = "Default checkpoints against only the first and the final one, at batch 1000",
    };

    /// <summary>Adds them.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_count, _batchSizes, _runs, _report, _workload, _payload, _latency, _rate, _grpcAlone, _checkpointCost])
            command.Options.Add(option);
    }

    /// <summary>What does not go together.</summary>
    public IEnumerable<string> ConflictsIn(ParseResult parsed)
    {
        if (parsed.GetValue(_latency) && parsed.GetValue(_checkpointCost))
            yield return "--latency and --checkpoint-cost are two benchmarks: choose one";
        if (parsed.GetValue(_checkpointCost) && parsed.GetResult(_batchSizes) is not null)
            yield return "--checkpoint-cost is measured at batch 1000: leave --batch-sizes out";
        if (parsed.GetValue(_grpcAlone) && (parsed.GetValue(_latency) || parsed.GetValue(_checkpointCost)))
            yield return "--grpc-alone belongs to the comparison: leave --latency and --checkpoint-cost out";
        if (parsed.GetResult(_rate) is not null && !parsed.GetValue(_latency))
            yield return "--rate needs --latency";
    }

    /// <summary>What is to be done.</summary>
    public IMode ModeOf(ParseResult parsed)
    {
        var workload = parsed.GetValue(_workload)!;
        var latency = parsed.GetValue(_latency);
        var checkpointCost = parsed.GetValue(_checkpointCost);
        var options = new BenchOptions
        {
            // A run over a million events is over before a second checkpoint is due, and its opening is a third of its CPU time.
            Count = parsed.GetValue(_count) ?? (workload == InputFile.WorkItems ? 50_000 : latency ? 1_000_000 : checkpointCost ? 40_000_000 : 10_000_000),
            BatchSizes = parsed.GetValue(_batchSizes) is { Length: > 0 } sizes ? sizes : latency ? [0] : [1, 10, 100, 1000, 0],
            GrpcAlone = parsed.GetValue(_grpcAlone),
            Runs = (int)(parsed.GetValue(_runs) ?? 5),
            Report = parsed.GetValue(_report) is { } folder ? Path.GetFullPath(folder) : null,
            Workload = workload,
            Payload = parsed.GetValue(_payload)!,
            Rate = parsed.GetValue(_rate) ?? 50_000,
            Command = "dotnet run -c Release --project bench/Pipeline.Bench -- "
                + string.Join(' ', parsed.Tokens.Select(token => Shell.Current.Quote(token.Value))),
        };
        return checkpointCost ? new CheckpointCost(options) : latency ? new Latency(options) : new Comparison(options);
    }

    private static Option<long?> Whole(string name, long least, long most, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result =>
        {
            if (long.TryParse(Text(result), NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most)
                return value;
            result.AddError($"{name} must be a whole number from {least} to {most}, not '{Text(result)}'");
            return null;
        },
    };

    private static Option<string> OneOf(string name, string description, string @default, params string[] others)
    {
        string[] choices = [@default, .. others];
        return new Option<string>(name)
        {
            Description = description,
            HelpName = string.Join('|', choices),
            DefaultValueFactory = _ => @default,
            CustomParser = result =>
            {
                if (!choices.Contains(Text(result)))
                    result.AddError($"{name} must be {string.Join(" or ", choices)}, not '{Text(result)}'");
                return Text(result);
            },
        };
    }

    private static int[] ParseBatchSizes(ArgumentResult result)
    {
        var sizes = new List<int>();
        foreach (var text in Text(result).Split(','))
        {
            if (text == Auto)
            {
                sizes.Add(0);
            }
            else if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size is >= 1 and <= RunLimits.MaxBatchLines)
            {
                sizes.Add(size);
            }
            else
            {
                result.AddError(
                    $"--batch-sizes must be whole numbers from 1 to {RunLimits.MaxBatchLines} or {Auto}, with commas between them; '{text}' is none");
            }
        }

        if (sizes.Distinct().Count() != sizes.Count)
            result.AddError("--batch-sizes must name each size once");
        return [.. sizes];
    }

    private static string Text(ArgumentResult result) => result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
}
