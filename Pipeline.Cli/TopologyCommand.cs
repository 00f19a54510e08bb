using System.CommandLine;
using System.Globalization;
using Pipeline.Client.Runs;
using Pipeline.Client.Views;

namespace Pipeline.Cli;

/// <summary>topology: who is registered where.</summary>
internal static class TopologyCommand
{
    /// <summary>The command.</summary>
    public static Command Build(CommandContext context)
    {
        var watch = new Option<bool>("--watch") { Description = "Stay, and show it again after each change" };
        var role = OptionKinds.NotBlank("--role", "Only instances of this role, such as parse", "a role, such as parse", "ROLE");
        var command = new Command("topology", "Show who is registered where, since when, and the lease left") { watch, role };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var json = parsed.GetValue(context.Json);
            using var client = context.Connect();
            var wanted = parsed.GetValue(role);
            if (parsed.GetValue(watch))
                return await CommandContext.UntilInterruptAsync(() => WatchAsync(context.Terminal, client, wanted, json, cancellationToken), cancellationToken);
            var topology = await client.TopologyAsync(wanted, cancellationToken);
            if (wanted is not null && topology.Instances.Count == 0)
                throw new CliException(ExitCodes.Usage, $"no instance has the role {wanted}; topology lists those that are up");
            Write(context.Terminal, topology, json);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static async Task WatchAsync(Terminal terminal, RunsClient client, string? role, bool json, CancellationToken cancellationToken)
    {
        await foreach (var change in client.FollowTopologyAsync(role, cancellationToken))
            Write(terminal, change.Data, json);
        throw new CliException(ExitCodes.NoPipeline, "the orchestrator went away");
    }

    private static void Write(Terminal terminal, Topology topology, bool json)
    {
        if (json)
        {
            terminal.WriteJson(topology, TopologyJson.Default.Topology);
            return;
        }

        terminal.Output.WriteLine(
            $"revision {topology.Revision} of epoch {topology.Epoch}{(topology.Connected ? "" : " (the broker is out of reach: as last known)")}");
        var rows = new List<string[]> { new[] { "role", "instance", "state", "lease left", "since", "address", "accepts", "emits", "implementation", "pid" } };
        rows.AddRange(topology.Instances.Select(instance => new[]
        {
            instance.Role,
            instance.InstanceId,
            instance.Departed is { } departed ? $"{instance.State} {Show.Time(departed)}" : instance.State,
            instance.Departed is null ? (instance.LeaseRemainingMillis / 1e3).ToString("0.0 's'", CultureInfo.InvariantCulture) : "-",
            instance.Registered is { } registered ? Show.Time(registered) : "-",
            instance.Address,
            Kinds(instance.Accepts),
            Kinds(instance.Emits),
            instance.Implementation.ToString(),
            instance.ProcessId > 0 ? instance.ProcessId.ToString(CultureInfo.InvariantCulture) : "-",
        }));
        if (rows.Count == 1)
            terminal.Output.WriteLine("no instances");
        else
            terminal.WriteTable(rows, "since", "emits", "accepts", "lease left", "pid", "implementation");

        terminal.Output.WriteLine();
        terminal.Output.Flush();
    }

    private static string Kinds(IReadOnlyList<string> kinds) => kinds.Count == 0 ? "-" : string.Join(',', kinds);
}
