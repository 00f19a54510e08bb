using System.Text;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Rules.Expressions;

namespace Pipeline.Stages.Rules.Evaluation;

internal enum ResultStatus : byte
{
    Unknown,
    Good,
    Failed,
}

/// <summary>What a set rule's expression gave.</summary>
/// <param name="Value">A number's mantissa; a text's id; 0 or 1.</param>
/// <param name="Scale">A number's decimals.</param>
/// <param name="Status">Whether it was evaluated, and could be.</param>
internal readonly record struct Result(long Value, byte Scale, ResultStatus Status);

/// <summary>Evaluates a set rule's expression; texts become ids.</summary>
internal sealed class ResultEvaluator(CheckedExpression expression) : IDisposable
{
    private const int MaxTexts = 65_536;
    private const int MaxBytes = 8 << 20;

    private readonly Func<Cursor, string>? _text = expression.Kind == ColumnKind.Text ? Cursor.Compile<string>(expression.Body) : null;
    private readonly Func<Cursor, decimal>? _number = expression.Kind == ColumnKind.Number ? Cursor.Compile<decimal>(expression.Body) : null;
    private readonly Func<Cursor, bool>? _flag = expression.Kind == ColumnKind.Boolean ? Cursor.Compile<bool>(expression.Body) : null;
    private readonly TextIndex _texts = new();

    /// <summary>Texts by id.</summary>
    public TextIndex Texts => _texts;

    /// <summary>Whether one frame has made more texts than any column may have.</summary>
    public bool IsFull => _texts.ByteLength > 2 * MaxBytes;

    /// <summary>Between frames: forgets the texts where they have become too many.</summary>
    /// <returns>True where it did: results kept elsewhere are void.</returns>
    public bool Trim()
    {
        if (_texts.Count <= MaxTexts && _texts.ByteLength <= MaxBytes)
            return false;

        _texts.Clear();
        return true;
    }

    public Result Evaluate(Cursor cursor)
    {
        try
        {
            return _text is not null ? Good(IdOf(_text(cursor)))
                : _flag is not null ? Good(_flag(cursor) ? 1 : 0)
                : Number.TryRound(_number!(cursor), out var number) ? Good(number.Mantissa, number.Scale)
                : new Result(0, 0, ResultStatus.Failed);
        }
        catch (ArithmeticException)
        {
            return new Result(0, 0, ResultStatus.Failed);
        }
    }

    public void Dispose() => _texts.Dispose();

    private static Result Good(long value, int scale = 0) => new(value, (byte)scale, ResultStatus.Good);

    private int IdOf(string text)
    {
        Span<byte> utf8 = text.Length <= 256 ? stackalloc byte[768] : new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        return _texts.GetOrAdd(utf8[..Encoding.UTF8.GetBytes(text, utf8)]);
    }
}
