using System.Text.Json;
using Grpc.Core;

namespace Pipeline.Client.Channels;

/// <summary>Text from another process, made fit for messages, logs and terminals: no control characters, and not too long.</summary>
public static class PeerText
{
    /// <summary>
    /// Longest message, characters: a list of errors fits, and as a trailer it stays below the 64 KB of headers that .NET's HTTP client takes,
    /// also where each character has three bytes and is written in base64.
    /// </summary>
    public const int MaxMessage = 12 * 1024;

    /// <summary>Longest detail of a status, characters: each may take nine in a header.</summary>
    public const int MaxDetail = 1024;

    /// <summary>Longest name, such as an instance id, characters.</summary>
    public const int MaxName = 128;

    /// <summary>A message, which may have several lines: a list of errors has.</summary>
    public static string Message(string text) => Clean(text.ReplaceLineEndings("\n"), MaxMessage, keepLines: true);

    /// <summary>A message as the detail of a status.</summary>
    public static string Detail(string text) => Clean(text.ReplaceLineEndings("\n"), MaxDetail, keepLines: true);

    /// <summary>A name, on one line.</summary>
    public static string Name(string text) => Clean(text, MaxName, keepLines: false);

    /// <summary>The status of a call, on one line: as the peer told it, or, where the connection was lost, what the system says of that.</summary>
    public static string Describe(Status status)
    {
        var text = status.DebugException is { } lost ? lost.GetBaseException().Message : $"{status.StatusCode}: {status.Detail}";
        return Clean(text.ReplaceLineEndings(" "), MaxMessage, keepLines: false);
    }

    /// <summary>What is wrong with a JSON text, on one line, without .NET's position, whose lines count from 0.</summary>
    public static string Describe(JsonException error)
    {
        // It quotes the text as it is, line ends and all.
        var reason = error.Message.Split(" LineNumber:")[0];
        return string.Concat(reason.Select(character => char.IsControl(character) ? $"\\u{(int)character:x4}" : character.ToString()));
    }

    /// <summary>False for control characters, line separators and bidirectional overrides: they steer a terminal or make text read differently.</summary>
    public static bool IsFit(char character) => !char.IsControl(character)
        && character is not ('\u2028' or '\u2029' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069'));

    private static string Clean(string text, int maxLength, bool keepLines)
    {
        if (text.Length <= maxLength && !text.Any(IsUnfit))
            return text;
        var kept = text.Length <= maxLength ? text : text[..(maxLength - (char.IsHighSurrogate(text[maxLength - 2]) ? 2 : 1))] + "…";
        return string.Create(kept.Length, kept, (span, from) =>
        {
            for (var at = 0; at < span.Length; at++)
                span[at] = IsUnfit(from[at]) ? '\uFFFD' : from[at];
        });

        bool IsUnfit(char character) => !(keepLines && character == '\n') && !IsFit(character);
    }
}
