using System.Text.RegularExpressions;

namespace Pipeline.Files;

/// <summary>The shell that a person types into, by the way it quotes.</summary>
public sealed partial class Shell
{
    private readonly Regex _plain;
    private readonly Func<string, string> _quote;

    private Shell(Regex plain, Func<string, string> quote) => (_plain, _quote) = (plain, quote);

    /// <summary>sh and those like it.</summary>
    internal static Shell Posix { get; } = new(PlainToPosix(), text => $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'");

    /// <summary>PowerShell, on any system.</summary>
    internal static Shell PowerShell { get; } = new(PlainToPowerShell(), text => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'");

    /// <summary>cmd.exe. Names of variables between percent signs cannot be quoted there.</summary>
    internal static Shell Cmd { get; } = new(PlainToCmd(), QuoteForCmd);

    /// <summary>The one that this process was started from. Initialized after those that it may be.</summary>
    public static Shell Current { get; } = Detect(OperatingSystem.IsWindows(), Environment.GetEnvironmentVariable);

    /// <summary>An argument as it is typed: as it is where the shell takes it so, otherwise in quotes.</summary>
    public string Quote(string argument) => _plain.IsMatch(argument) ? argument : _quote(argument);

    /// <summary>Finds the shell by the environment that it passes on.</summary>
    internal static Shell Detect(bool windows, Func<string, string?> environment)
    {
        // PowerShell adds folders of the user's to what Windows sets for all; elsewhere nothing else sets it.
        var modules = environment("PSModulePath")?.Split(windows ? ';' : ':', StringSplitOptions.RemoveEmptyEntries) ?? [];
        string?[] system = windows ? [environment("ProgramFiles"), environment("SystemRoot")] : [];
        return modules.Any(IsOfUser) ? PowerShell : windows ? Cmd : Posix;

        bool IsOfUser(string module) =>
            !system.Any(folder => folder is not null && module.StartsWith(folder, StringComparison.OrdinalIgnoreCase));
    }

    // The C runtime of the program that is started reads backslashes before a quote as pairs.
    private static string QuoteForCmd(string text) => $"\"{BackslashesBeforeQuote().Replace(text, match =>
        $"{match.Groups[1]}{match.Groups[1]}{(match.Groups[2].Length > 0 ? "\\\"" : "")}")}\"";

    [GeneratedRegex(@"^[\w@%+=:,./-]+\z")]
    private static partial Regex PlainToPosix();

    [GeneratedRegex(@"^[\w/\\-]+\z")]
    private static partial Regex PlainToPowerShell();

    [GeneratedRegex(@"^[\w@+=:./\\-]+\z")]
    private static partial Regex PlainToCmd();

    [GeneratedRegex("""(\\*)("|\z)""")]
    private static partial Regex BackslashesBeforeQuote();
}
