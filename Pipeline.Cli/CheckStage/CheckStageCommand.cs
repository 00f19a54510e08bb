using System.CommandLine;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Grpc.Core;
using Pipeline.Cli.CheckStage.Hops;
using Pipeline.Client.Runs;
using Pipeline.Contracts.V1;
using Pipeline.ServiceDefaults.Endpoints;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Cli.CheckStage;

/// <summary>check-stage: whether a stage keeps the contract.</summary>
internal sealed partial class CheckStageCommand
{
    private readonly Argument<string> _address = new("ADDRESS") { Description = "Of the stage that is up, such as http://127.0.0.1:41234" };
    private readonly Option<string> _role = new("--role")
    {
        Description = "What it does in a pipeline: parse, rules, aggregate, or a role of your own",
        Required = true,
        HelpName = "ROLE",
    };

    private readonly Option<string?> _key = new("--key")
    {
        Description = "Key of its pipeline [PIPELINE_KEY, or that of the pipeline that is up]",
        HelpName = "KEY",
    };

    private readonly Option<string?> _instance = new("--instance")
    {
        Description = "Its instance id [as its figures tell]",
        HelpName = "ID",
    };

    private readonly Option<bool> _passesThrough = new("--passes-through")
    {
        Description = "Of a role of your own: it must change no results",
    };

    private readonly Option<long> _lines = OptionKinds.Whole(
        "--lines", "Lines of the runs that are compared with the monolith", 100, 10_000_000, new CheckLimits().ReferenceLines);

    private readonly CommandContext _context;

    private CheckStageCommand(CommandContext context) => _context = context;

    /// <summary>The command.</summary>
    public static Command Build(CommandContext context)
    {
        var check = new CheckStageCommand(context);
        var command = new CheckedCommand("check-stage", "Check that a stage in any language keeps the contract", check.Check)
        {
            check._address, check._role, check._key, check._instance, check._passesThrough, check._lines,
        };
        command.SetAction(check.RunAsync);
        return command;
    }

    private IEnumerable<string> Check(ParseResult parsed)
    {
        if (!LoopbackAddress.TryParse(CheckedCommand.ValueOr(parsed, _address, ""), out _))
            yield return $"ADDRESS {LoopbackAddress.Form}";
        var role = CheckedCommand.ValueOr(parsed, _role, "own");
        if (!RolePattern().IsMatch(role))
            yield return $"--role must be 1 to 64 of a-z, 0-9 and '-', a letter first, not '{role}'";
        if (StageTarget.WhyNot(role) is { } reason)
            yield return $"--role: {reason}";
        else if (CheckedCommand.ValueOr(parsed, _passesThrough, false) && !StageTarget.IsOwnRole(role))
            yield return $"--passes-through: the results of {role} are compared in any case; it is for a role of your own";
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        LoopbackAddress.TryParse(parsed.GetRequiredValue(_address), out var address);
        var target = new StageTarget(new Uri(address!), parsed.GetRequiredValue(_role), KeyOf(parsed), parsed.GetValue(_passesThrough));
        target.InstanceId = parsed.GetValue(_instance) ?? target.InstanceId;
        var limits = new CheckLimits { ReferenceLines = (int)parsed.GetValue(_lines) };
        if (await RegisteredRoleAsync(target.Address, cancellationToken) is { } role && role != target.Role)
            throw new CliException(ExitCodes.Usage, $"--role: the stage at {address} is registered as {role}, not as {target.Role}");
        await ConnectAsync(target, cancellationToken);
        var json = _context.FormatOf(parsed) == ReportFormat.Json;
        if (target.IsOwn && !json)
            _context.Terminal.Output.WriteLine($"{target.Role} is a role of your own: checked as a stage between rules and aggregate");
        var outcomes = new List<CheckOutcome>();
        await foreach (var outcome in new Conformance(target, limits, _context.Time).RunAsync(cancellationToken))
        {
            outcomes.Add(outcome);
            if (!json)
                CheckReport.Write(_context.Terminal.Output, outcome);
        }

        var report = new CheckReport(address!, target.Role, outcomes.All(outcome => outcome.Result != CheckResult.Fail), outcomes);
        if (json)
            _context.Terminal.WriteJson(report, CheckReportJson.Default.CheckReport);
        else
            _context.Terminal.Output.WriteLine(Summary(outcomes));
        return report.Passed ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static string Summary(IReadOnlyCollection<CheckOutcome> outcomes) =>
        $"{Count(outcomes, CheckResult.Pass)} passed, {Count(outcomes, CheckResult.Fail)} failed, "
        + $"{Count(outcomes, CheckResult.Skipped)} skipped";

    private static int Count(IEnumerable<CheckOutcome> outcomes, CheckResult result) => outcomes.Count(outcome => outcome.Result == result);

    private string KeyOf(ParseResult parsed)
    {
        if ((parsed.GetValue(_key) ?? _context.Environment(SharedKeyOptions.Variable)) is { Length: > 0 } key)
        {
            return SharedKeyOptions.IsKey(key)
                ? key
                : throw new CliException(ExitCodes.Usage, $"--key: a key, also that in {SharedKeyOptions.Variable}, is 1 to 512 visible ASCII characters");
        }

        try
        {
            return EndpointFile.Read(EndpointFile.PathIn(_context.Environment))?.Key
                ?? throw new CliException(
                    ExitCodes.Usage,
                    $"--key: no pipeline is up whose key could be taken; set {SharedKeyOptions.Variable} to the key of the stage");
        }
        catch (InvalidDataException error)
        {
            throw new CliException(ExitCodes.Usage, $"--key: {error.Message}", error);
        }
    }

    // With the pipeline that is up; null where none is, or it does not know the address.
    private async Task<string?> RegisteredRoleAsync(Uri address, CancellationToken cancellationToken)
    {
        try
        {
            using var client = _context.Connect();
            var topology = await client.TopologyAsync(cancellationToken: cancellationToken);
            var up = topology.Instances.Where(instance => instance.Departed is null);
            return up.FirstOrDefault(instance => Uri.TryCreate(instance.Address, UriKind.Absolute, out var uri) && uri == address)?.Role;
        }
        catch (Exception error) when (error is CliException or RunsApiException)
        {
            // A stage is checked without a pipeline, too.
            return null;
        }
    }

    private async Task ConnectAsync(StageTarget target, CancellationToken cancellationToken)
    {
        var address = target.Address;
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(address.Host.Trim('[', ']'), address.Port, cancellationToken);
        }
        catch (SocketException error)
        {
            throw new CliException(ExitCodes.Failed, $"{address} cannot be reached: {error.Message}", error);
        }

        try
        {
            using var above = new HopAbove(target);
            var deadline = (_context.Time.GetUtcNow() + new CheckLimits().Health).UtcDateTime;
            await new Stage.StageClient(above.Invoker).CheckAsync(new CheckRequest(), above.Headers, deadline, cancellationToken);
        }
        catch (RpcException error) when (error.StatusCode == StatusCode.Unauthenticated)
        {
            throw new CliException(ExitCodes.Usage, $"the stage refuses the key: give its own with --key or {SharedKeyOptions.Variable}", error);
        }
        catch (RpcException) when (!cancellationToken.IsCancellationRequested)
        {
            // What else is wrong with it, the checks tell.
        }
    }

    // As the AppHost has it.
    [GeneratedRegex(@"^[a-z][a-z0-9-]{0,63}\z")]
    private static partial Regex RolePattern();
}
