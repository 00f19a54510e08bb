using System.CommandLine;

namespace Pipeline.Cli;

/// <summary>page.</summary>
internal static class PageCommand
{
    /// <summary>The command.</summary>
    public static Command Build(CommandContext context)
    {
        var command = new Command("page", "Print the link that opens the orchestrator's page in a browser");
        context.RefuseJson(command);
        command.SetAction(async (_, cancellationToken) =>
        {
            using var client = context.Connect();
            // Fails here, and not later in the browser, where the pipeline is not up any more.
            await client.TopologyAsync(cancellationToken: cancellationToken);
            context.Terminal.Output.WriteLine(client.PageLink.ToString());
            return ExitCodes.Ok;
        });
        return command;
    }
}
