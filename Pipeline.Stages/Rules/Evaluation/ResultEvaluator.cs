using System.Linq.Expressions;
using System.Text;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Rules.Expressions;

namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>What an expression gave.</summary>
/// <param name="Value">A number's mantissa; a text's id; 0 or 1.</param>
/// <param name="Scale">A number's decimals.</param>
/// <param name="State">What becomes of rows: an <see cref="Outcome"/>.</param>
/// <param name="IsKnown">It was evaluated.</param>
internal readonly record struct Result(long Value, byte Scale, byte State, bool IsKnown = true);

/// <summary>Evaluates an expression; texts become ids.</summary>
/// <param name="body">The expression.</param>
/// <param name="mark">The state of rows for which a condition holds.</param>
internal sealed class ResultEvaluator(Expression body, byte mark) : IDisposable
{
    private const int MaxTexts = 65_536;
    private const int MaxBytes = 8 << 20;

    private readonly Func<Cursor, string>? _text = body.Type == typeof(string) ? Cursor.Compile<string>(body) : null;
    private readonly Func<Cursor, decimal>? _number = body.Type == typeof(decimal) ? Cursor.Compile<decimal>(body) : null;
    private readonly Func<Cursor, bool>? _flag = body.Type == typeof(bool) ? Cursor.Compile<bool>(body) : null;

    /// <summary>Texts by id.</summary>
    public TextIndex Texts { get; } = new();

    /// <summary>Whether one frame has made more texts than any column may have.</summary>
    public bool IsFull => Texts.ByteLength > 2 * MaxBytes;

    /// <summary>Whether texts have become too many to be kept over frames.</summary>
    public static bool AreTooMany(TextIndex texts) => texts.Count > MaxTexts || texts.ByteLength > MaxBytes;

    /// <summary>Evaluates it. A result that was returned would be written by bytes and read by words, for which a processor waits.</summary>
    public void Evaluate(Cursor cursor, out Result result)
    {
        try
        {
            if (_flag is not null)
                result = _flag(cursor) ? new Result(1, 0, mark) : new Result(0, 0, Outcome.Kept);
            else if (_text is not null)
                result = new Result(IdOf(_text(cursor)), 0, Outcome.Kept);
            else if (Number.TryRound(_number!(cursor), out var number))
                result = new Result(number.Mantissa, (byte)number.Scale, Outcome.Kept);
            else
                result = new Result(0, 0, Outcome.Failed);
        }
        catch (ArithmeticException)
        {
            result = new Result(0, 0, Outcome.Failed);
        }
    }

    public void Dispose() => Texts.Dispose();

    private int IdOf(string text)
    {
        Span<byte> utf8 = text.Length <= 256 ? stackalloc byte[768] : new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        return Texts.GetOrAdd(utf8[..Encoding.UTF8.GetBytes(text, utf8)]);
    }
}
