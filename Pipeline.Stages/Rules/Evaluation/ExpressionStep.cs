using System.Linq.Expressions;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Rules.Expressions;

namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>
/// Any expression: a condition, or what a column is set to. It is evaluated for "entries": the values of the one narrow column that it reads, or
/// combinations of values of several, or, where they are too many, the rows. Nothing about a column that is made depends on rows that are gone.
/// </summary>
/// <param name="body">The expression.</param>
/// <param name="reads">Its columns.</param>
/// <param name="mark">The state of rows for which a condition holds.</param>
/// <param name="target">The column that is made; null = a condition.</param>
internal sealed class ExpressionStep(Expression body, Slot[] reads, byte mark, Slot? target = null) : Step
{
    // Combinations of columns, for each row of a frame, up to which an expression is evaluated for them and not for the rows.
    private const int CombinationsPerRow = 8;

    private readonly ResultEvaluator _evaluator = new(body, mark);
    private readonly ResultColumn? _column = target is null ? null : new ResultColumn(target);
    private readonly Combination _combined = new(reads.Length, CombinationsPerRow);
    private readonly bool _isText = reads is [{ Kind: ColumnKind.Text }];
    private readonly EntryTable _forFrame = new(hasResults: target is not null);
    private readonly List<int> _used = []; // entries of a set rule that living rows have

    // Kept over frames: by scale and width, then by raw value; by id of a text.
    private readonly EntryTable?[] _byNumber = new EntryTable?[2 * (Number.MaxScale + 1)];
    private EntryTable _byText = new(hasResults: target is not null);
    private int _generation; // of ids
    private int[] _ids = []; // by code of the frame

    /// <inheritdoc/>
    /// <remarks>False: the rows' numbers have no scale in common, or their texts are too long.</remarks>
    public override bool TryApply(FrameRows rows)
    {
        Trim();
        for (var column = 0; column < reads.Length; column++)
            _combined.Columns[column] = rows.Column(reads[column]);

        var single = reads is [_] && _combined.Columns[0] is { Domain: > 0 } narrow ? narrow : null;
        var table = _forFrame;
        ReadOnlySpan<int> ids = [];
        if (single is { Kind: ColumnKind.Text })
        {
            Identify(single.Texts!, rows.IdsOf(reads[0]));
            if (_column is null)
            {
                table = _byText;
                ids = _ids;
            }
        }
        else if (reads.Length == 0 || single is { Kind: ColumnKind.Number, Width: > 0 })
        {
            table = _byNumber[single is null ? 0 : (single.Scale * 2) + single.Width - 1] ??= new EntryTable(hasResults: target is not null);
        }

        var isDone = single?.Width switch
        {
            1 => TryApply<byte>(rows, single.Data, single.Domain, table, ids),
            2 => TryApply<ushort>(rows, single.As<ushort>(), single.Domain, table, ids),
            4 => TryApply<int>(rows, single.As<int>(), single.Domain, table, ids),
            _ when _combined.TryCombine(rows.Count) => TryApply(rows, _combined.Codes, _combined.Domain, table, ids),
            _ => TryApply(rows, rows.Indices, rows.Count, table, ids),
        };
        foreach (var entry in _used)
            table.States[entry] = Outcome.Unknown;

        _used.Clear();
        return isDone;
    }

    public override void Dispose() => _evaluator.Dispose();

    private bool TryApply<T>(FrameRows rows, ReadOnlySpan<T> codes, int domain, EntryTable table, ReadOnlySpan<int> ids)
        where T : unmanaged, INumber<T>
    {
        if (ids.IsEmpty)
            table.Grow(domain);
        if (!TryEvaluate(rows, codes, domain, table, ids))
            return false;
        if (_column is null)
            return true;
        if (_column.TryMake(table.Results, CollectionsMarshal.AsSpan(_used), codes, domain, _evaluator.Texts) is not { } column)
            return false;

        rows.Add(target!, column);
        return true;
    }

    private bool TryEvaluate<T>(FrameRows rows, ReadOnlySpan<T> codes, int domain, EntryTable table, ReadOnlySpan<int> ids)
        where T : unmanaged, INumber<T>
    {
        // Where states are kept over frames, it does no harm to evaluate those of rows that are gone, too.
        var isKept = _column is null && table != _forFrame;
        var marks = rows.Marks;
        var states = table.States;
        var row = 0;
        if (isKept)
        {
            LookUp(marks, codes, domain, states, ids);
            row = marks.IndexOf(Outcome.Unknown);
            if (row < 0)
            {
                rows.Mark();
                return true;
            }
        }
        else if (_column is null)
        {
            states.AsSpan(0, domain).Fill(Outcome.Unknown);
        }

        var (unknown, all) = (domain, Outcome.Kept);
        for (; row < codes.Length && unknown > 0; row++)
        {
            var code = int.CreateTruncating(codes[row]);
            var entry = ids.IsEmpty ? code : ids[code];
            var known = states[entry];
            if (known == Outcome.Unknown && (isKept || rows.State[row] == Outcome.Kept))
            {
                known = Learn(rows, row, entry, table);
                if (known == Outcome.Unknown)
                    return false;

                states[entry] = known;
                all |= known;
                unknown--;
            }

            marks[row] = known;
        }

        if (_column is null || all != Outcome.Kept)
        {
            if (row < codes.Length)
                LookUp(marks, codes, domain, states, ids);

            rows.Mark();
        }

        return true;
    }

    private static void LookUp<T>(Span<byte> marks, ReadOnlySpan<T> codes, int domain, byte[] states, ReadOnlySpan<int> ids)
        where T : unmanaged, INumber<T>
    {
        var row = 0;
        if (typeof(T) == typeof(byte) && domain <= Vector128<byte>.Count && marks.Length >= Vector128<byte>.Count)
        {
            // The table fits a register: a shuffle looks up 16 rows at once. Some of the last 16 may be looked up twice.
            Span<byte> small = stackalloc byte[Vector128<byte>.Count];
            for (var code = 0; code < domain; code++)
                small[code] = states[ids.IsEmpty ? code : ids[code]];

            var table = Vector128.Create<byte>(small);
            var bytes = MemoryMarshal.AsBytes(codes);
            var last = marks.Length - Vector128<byte>.Count;
            for (; row < last; row += Vector128<byte>.Count)
                Vector128.Shuffle(table, Vector128.Create(bytes[row..])).CopyTo(marks[row..]);

            Vector128.Shuffle(table, Vector128.Create(bytes[last..])).CopyTo(marks[last..]);
            row = marks.Length;
        }

        for (; row < marks.Length; row++)
        {
            var code = int.CreateTruncating(codes[row]);
            marks[row] = states[ids.IsEmpty ? code : ids[code]];
        }
    }

    // What becomes of an entry's rows; unknown = the frame makes more texts than a column may have.
    private byte Learn(FrameRows rows, int row, int entry, EntryTable table)
    {
        if (_column is null)
        {
            rows.Fill(reads, row);
            _evaluator.Evaluate(rows.Cursor, out var condition);
            return condition.State;
        }

        _used.Add(entry);
        ref var result = ref table.Results[entry];
        if (result.IsKnown && (table != _forFrame || _isText))
            return result.State;

        rows.Fill(reads, row);
        _evaluator.Evaluate(rows.Cursor, out result);
        if (_isText)
            _byText.Results[_ids[entry]] = result;

        return _evaluator.IsFull && _used.Count > 1 ? Outcome.Unknown : result.State;
    }

    // The ids of a frame's texts, and what their results were.
    private void Identify(TextTable texts, TextIds ids)
    {
        _ids = ids.Of(texts);
        if (_generation != ids.Generation)
            ForgetTexts();

        _generation = ids.Generation;
        _byText.Grow(ids.Count);
        if (_column is null)
            return;

        _forFrame.Grow(texts.Count);
        for (var code = 0; code < texts.Count; code++)
            _forFrame.Results[code] = _byText.Results[_ids[code]];
    }

    // Texts that were made are known by ids, too.
    private void Trim()
    {
        if (_column is null || !ResultEvaluator.AreTooMany(_evaluator.Texts))
            return;

        _evaluator.Texts.Clear();
        Array.Clear(_byNumber);
        ForgetTexts();
    }

    private void ForgetTexts() => _byText = new EntryTable(hasResults: target is not null);
}
