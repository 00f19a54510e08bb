using System.CommandLine;
using System.CommandLine.Parsing;
using Pipeline.Client.Runs;

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

/// <summary>A command that checks more of its options than each of them checks of itself.</summary>
/// <param name="name">What is typed.</param>
/// <param name="description">What it does.</param>
/// <param name="check">
/// The errors, each beginning with the name of an option. Asked once, before the command does anything; also where an option could not be
/// read, which then has its default.
/// </param>
internal sealed class CheckedCommand(
    string name, string description, Func<ParseResult, CancellationToken, Task<IReadOnlyList<string>>> check) : Command(name, description)
{
    /// <summary>A command whose check asks nobody.</summary>
    public CheckedCommand(string name, string description, Func<ParseResult, IEnumerable<string>> check)
        : this(name, description, (parsed, _) => Task.FromResult<IReadOnlyList<string>>([.. check(parsed)]))
    {
    }

    /// <summary>All errors of a command line; those of the parser come first.</summary>
    public static async Task<IReadOnlyList<string>> ErrorsOfAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var reported = ParserErrors(parsed);
        return parsed.CommandResult.Command is CheckedCommand command
            ? [.. reported, .. ExceptReported(await command.CheckAsync(parsed, cancellationToken), reported)]
            : reported;
    }

    /// <summary>What the parser has found wrong.</summary>
    public static IReadOnlyList<string> ParserErrors(ParseResult parsed)
    {
        if (parsed is { CommandResult.Command: RootCommand, UnmatchedTokens: [var first, ..] })
            return [$"'{first}': a command must come first, such as run"];
        var errors = parsed.Errors.Select(error => error.Message);
        // An unknown option is parsed as an argument where the command has one; after --, words are meant as arguments.
        var words = parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens).Select(token => token.Value)
            .Concat(parsed.UnmatchedTokens);
        var unknown = parsed.Tokens.Any(token => token.Type == TokenType.DoubleDash) ? [] : words.Where(word => word.StartsWith('-')).ToList();
        return unknown.Count == 0
            ? [.. errors]
            // Other unmatched words are most likely their values.
            : [.. unknown.Select(word => Unknown(parsed, word)), .. errors.Where(error => !parsed.UnmatchedTokens.Any(token => IsOf(error, token)))];

        static bool IsOf(string error, string token) => error.EndsWith($"'{token}'.", StringComparison.Ordinal);
    }

    private static string Unknown(ParseResult parsed, string word)
    {
        const double Alike = 0.6;
        var (command, name) = (parsed.CommandResult.Command, word.Split('=', ':')[0]);
        var options = command.Options.Concat(parsed.RootCommandResult.Command.Options).Select(option => option.Name).ToList();
        if (options.Contains(name))
            return $"{name} must come after {command.Name}, not before it";
        var nearest = options.MaxBy(option => Likeness(option, name))!;
        return $"{command.Name} has no option {name}{(Likeness(nearest, name) >= Alike ? $"; did you mean {nearest}?" : "")}";
    }

    // The share of their pairs of letters that two words have in common (Dice, 1945).
    private static double Likeness(string one, string other)
    {
        var (pairs, others) = (Pairs(one), Pairs(other));
        return 2.0 * pairs.Intersect(others).Count() / Math.Max(1, pairs.Count + others.Count);

        static HashSet<(char, char)> Pairs(string word) => [.. word.Zip(word.Skip(1))];
    }

    /// <summary>The errors of options that have none yet: one reason for an option is enough.</summary>
    public static IEnumerable<string> ExceptReported(IEnumerable<string> errors, IReadOnlyList<string> reported) =>
        errors.Where(error => !reported.Any(other => IsAbout(other, error.Split(' ', ':')[0])));

    /// <summary>Whether an error is about an option: it begins with its name; the parser's quotes it.</summary>
    public static bool IsAbout(string error, string option) =>
        error.Split(' ', ':')[0] == option || error.Contains($"'{option}'", StringComparison.Ordinal);

    private Task<IReadOnlyList<string>> CheckAsync(ParseResult parsed, CancellationToken cancellationToken) => check(parsed, cancellationToken);

    /// <summary>The value of an option; the other one where there is none, or it could not be read, which the parser tells.</summary>
    public static T ValueOr<T>(ParseResult parsed, Option<T> option, T otherwise) =>
        parsed.GetResult(option) is null ? otherwise : ValueOr(() => parsed.GetValue(option), otherwise);

    /// <inheritdoc cref="ValueOr{T}(ParseResult, Option{T}, T)"/>
    public static T ValueOr<T>(ParseResult parsed, Argument<T> argument, T otherwise) => ValueOr(() => parsed.GetValue(argument), otherwise);

    private static T ValueOr<T>(Func<T?> read, T otherwise)
    {
        try
        {
            return read() ?? otherwise;
        }
        catch (InvalidOperationException)
        {
            // It has the parser's message.
            return otherwise;
        }
    }
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
    /// <summary>A client of the pipeline that is up.</summary>
    /// <exception cref="CliException">The environment names an address that is none.</exception>
    /// <exception cref="RunsApiException">No pipeline is up.</exception>
    public RunsClient Connect()
    {
        try
        {
            return RunsClient.Connect(Environment);
        }
        catch (RunsApiException error) when (Environment(RunsClient.AddressVariable) is { Length: > 0 })
        {
            throw new CliException(ExitCodes.Usage, error.Message, error);
        }
    }

    /// <summary>Runs a command that goes on until it is interrupted (SIGINT, SIGTERM), which is success.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> UntilInterruptAsync(Func<Task> watch, CancellationToken interrupt)
    {
        try
        {
            await watch();
        }
        catch (OperationCanceledException) when (interrupt.IsCancellationRequested)
        {
            // It has no other end.
        }

        return ExitCodes.Ok;
    }

    /// <summary>Refuses --json of a command that has none.</summary>
    public void RefuseJson(Command command) => command.Validators.Add(result =>
    {
        if (result.GetResult(Json) is { Implicit: false })
            result.AddError($"--json: {command.Name} writes no JSON");
    });

    /// <summary>The format that a command line asks for.</summary>
    public ReportFormat FormatOf(ParseResult parsed) =>
        CheckedCommand.ValueOr(parsed, Json, false) ? ReportFormat.Json
            : CheckedCommand.ValueOr(parsed, Markdown, false) ? ReportFormat.Markdown
            : ReportFormat.Text;
}
