using System.CommandLine;

namespace Pipeline.Orchestrator.Cli;

/// <summary>What commands share.</summary>
/// <param name="Terminal">Where they write.</param>
/// <param name="Environment">Reads a variable of the environment.</param>
/// <param name="Json">The option --json.</param>
/// <param name="Time">The clock.</param>
internal sealed record CommandContext(Terminal Terminal, Func<string, string?> Environment, Option<bool> Json, TimeProvider Time);
