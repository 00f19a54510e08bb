using System.CommandLine;

namespace Pipeline.Cli;

/// <summary>How a command reports.</summary>
internal enum ReportFormat
{
    /// <summary>For a person at a terminal.</summary>
    Text,

    /// <summary>One line of JSON, for scripts.</summary>
    Json,

    /// <summary>Markdown, for whatever renders it.</summary>
    Markdown,
}

/// <summary>What commands share.</summary>
/// <param name="Terminal">Where they write.</param>
/// <param name="Environment">Reads a variable of the environment.</param>
/// <param name="Json">The option --json.</param>
/// <param name="Markdown">The option --markdown.</param>
/// <param name="Time">The clock.</param>
internal sealed record CommandContext(
    Terminal Terminal, Func<string, string?> Environment, Option<bool> Json, Option<bool> Markdown, TimeProvider Time)
{
    /// <summary>The format that a command line asks for.</summary>
    public ReportFormat FormatOf(ParseResult parsed) =>
        parsed.GetValue(Json) ? ReportFormat.Json : parsed.GetValue(Markdown) ? ReportFormat.Markdown : ReportFormat.Text;
}
