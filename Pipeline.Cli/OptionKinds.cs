using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Pipeline.Cli;

/// <summary>Kinds of options. Each tells its own error, so that all errors of a command line are told at once.</summary>
internal static class OptionKinds
{
    // Of ISO 8601, the extended format: K is an offset, Z or nothing.
    private static readonly string[] TimeFormats =
        ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    /// <summary>
    /// A whole number in a range, or a word that stands for one: for the default where <paramref name="wordValue"/> is not given. Then only
    /// <see cref="CheckedCommand.ValueOr{T}(ParseResult, Option{T}, T)"/> knows the default.
    /// </summary>
    public static Option<long> Whole(
        string name, string description, long least, long most, long @default, string? word = null, long? wordValue = null)
    {
        var option = new Option<long>(name)
        {
            Description = $"{description} [{(word is null ? "" : word + ", ")}{least} to {most}]",
            HelpName = "N",
            CustomParser = Read,
        };
        if (word is not null && wordValue is null)
            option.Description = WithDefault(option.Description, word);
        else
            option.DefaultValueFactory = _ => @default;
        return option;

        long Read(ArgumentResult result)
        {
            var text = Text(result);
            if (text == word)
                return wordValue ?? @default;
            if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most)
                return value;
            result.AddError($"{name} must be {(word is null ? "" : $"\"{word}\" or ")}a whole number from {least} to {most}, not '{text}'");
            return @default;
        }
    }

    /// <summary>A number in a range.</summary>
    public static Option<double> Number(string name, string description, double least, double most, double @default) => new(name)
    {
        Description = $"{description} [{least} to {most}]",
        DefaultValueFactory = _ => @default,
        HelpName = "N",
        CustomParser = result =>
        {
            var text = Text(result);
            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most)
                return value;
            result.AddError(FormattableString.Invariant($"{name} must be a number from {least} to {most}, not '{text}'"));
            return @default;
        },
    };

    /// <summary>One of a few names.</summary>
    public static Option<T> OneOf<T>(string name, string description, IReadOnlyList<(string Name, T Value)> choices, T @default) => new(name)
    {
        Description = WithDefault(description, choices.Single(choice => Equals(choice.Value, @default)).Name),
        HelpName = string.Join('|', choices.Select(choice => choice.Name)),
        CustomParser = result =>
        {
            var text = Text(result);
            foreach (var (choice, value) in choices)
            {
                if (choice == text)
                    return value;
            }

            result.AddError($"{name} must be {string.Join(", ", choices.Select(choice => choice.Name))}, not '{text}'");
            return @default;
        },
    };

    /// <summary>Names with commas between them.</summary>
    public static Option<string[]> Names(string name, string description, string[] @default, string helpName = "A,B,...") => new(name)
    {
        Description = @default.Length == 0 ? description : WithDefault(description, string.Join(',', @default)),
        HelpName = helpName,
        CustomParser = result =>
        {
            var names = Text(result).Split(',', StringSplitOptions.TrimEntries);
            if (names.Any(one => one.Length == 0))
                result.AddError($"{name} must be names with commas between them, not '{Text(result)}'");
            return names;
        },
        Arity = ArgumentArity.ExactlyOne,
    };

    /// <summary>A point in time, a date or a date and a time of ISO 8601; without an offset it is UTC.</summary>
    public static Option<DateTimeOffset> Time(string name, string description, DateTimeOffset @default) => new(name)
    {
        Description = WithDefault(description, @default.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)),
        HelpName = "TIME",
        CustomParser = result =>
        {
            var text = Text(result);
            const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
            if (DateTimeOffset.TryParseExact(text, TimeFormats, CultureInfo.InvariantCulture, Utc, out var time))
                return time;
            result.AddError($"{name} must be a time such as 2026-01-01T00:00:00Z, not '{text}'");
            return @default;
        },
    };

    /// <summary>An argument that an empty variable of a shell must not leave blank.</summary>
    /// <param name="name">As it is typed.</param>
    /// <param name="description">For the help.</param>
    /// <param name="what">What it must be, for the error.</param>
    public static Argument<string> NotBlank(string name, string description, string what)
    {
        var argument = new Argument<string>(name) { Description = description };
        argument.Validators.Add(result => RequireText(result, name, what));
        return argument;
    }

    /// <summary>An option that an empty variable of a shell must not leave blank.</summary>
    /// <inheritdoc cref="NotBlank(string, string, string)"/>
    public static Option<string?> NotBlank(string name, string description, string what, string helpName)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = helpName };
        option.Validators.Add(result => RequireText(result, name, what));
        return option;
    }

    // The help of System.CommandLine would write some values in a form that cannot be typed. CheckedCommand.ValueOr gives the default.
    private static string WithDefault(string description, string @default) => $"{description} [default: {@default}]";

    private static void RequireText(SymbolResult result, string name, string what)
    {
        if (result.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value)))
            result.AddError($"{name} must be {what}");
    }

    private static string Text(ArgumentResult result) => result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
}
