using System.Linq.Expressions;
using System.Runtime.Intrinsics;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Rules.Expressions;

namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>
/// Any condition: over narrow columns evaluated once for each of their values, or combinations of values, and then looked up;
/// otherwise row by row.
/// </summary>
internal sealed class TablePredicate(Expression body, Slot[] reads) : Predicate
{
    private readonly Func<Cursor, bool> _condition = Cursor.Compile<bool>(body);
    private readonly EntryMemo<byte> _memo = new(reads[0], Outcome.Unknown);
    private readonly Combination _combined = new(reads.Length, FrameRows.CombinationsPerRow);
    private byte[] _table = new byte[256];

    public override bool IsPerRow => reads.Length > 1 || reads[0].Kind == ColumnKind.Number;

    public override void Evaluate(FrameRows rows, ReadOnlySpan<byte> skip, Span<byte> outcomes)
    {
        var slot = reads[0];
        var domain = reads.Length == 1 ? rows.Column(slot).Domain : 0;
        if (domain == 0)
        {
            EvaluateSeveral(rows, skip, outcomes);
            return;
        }

        var column = rows.Column(slot);
        if (slot.Kind != ColumnKind.Number)
            LookUp(column, Table(rows, slot, domain), domain, outcomes);
        else if (column.Width == 2)
            LookUpLazily(rows, _memo.For(rows), column.As<ushort>(), skip, outcomes);
        else if (column.Width == 1)
            LookUpLazily<byte>(rows, _memo.For(rows), column.Data, skip, outcomes);
        else
            outcomes.Fill(EvaluateEntry(rows, 0));
    }

    private static void LookUp(EventColumn column, byte[] table, int domain, Span<byte> outcomes)
    {
        switch (column.Width)
        {
            case 0:
                outcomes.Fill(table[0]);
                break;
            case 1 when domain <= Vector128<byte>.Count:
                LookUpSmall(column.Data, table, outcomes);
                break;
            case 1:
                LookUp<byte>(column.Data, table, outcomes);
                break;
            case 2:
                LookUp(column.As<ushort>(), table, outcomes);
                break;
            default:
                LookUp(column.As<int>(), table, outcomes);
                break;
        }
    }

    // The table fits a register: a shuffle looks up 16 rows at once.
    private static void LookUpSmall(ReadOnlySpan<byte> codes, byte[] table, Span<byte> outcomes)
    {
        var small = Vector128.Create<byte>(table);
        var at = 0;
        for (; at <= codes.Length - Vector128<byte>.Count; at += Vector128<byte>.Count)
            Vector128.Shuffle(small, Vector128.Create(codes[at..])).CopyTo(outcomes[at..]);

        for (; at < codes.Length; at++)
            outcomes[at] = table[codes[at]];
    }

    private static void LookUp<T>(ReadOnlySpan<T> codes, byte[] table, Span<byte> outcomes)
        where T : unmanaged, System.Numerics.INumber<T>
    {
        for (var row = 0; row < codes.Length; row++)
            outcomes[row] = table[int.CreateTruncating(codes[row])];
    }

    // By code of the frame; at least 256 long, so that no code of one byte lies outside.
    private byte[] Table(FrameRows rows, Slot slot, int domain)
    {
        Grow(domain);
        var memo = _memo.For(rows);
        var ids = slot.Kind == ColumnKind.Text ? rows.Texts(slot).Ids : default;
        for (var entry = 0; entry < domain; entry++)
        {
            ref var known = ref memo[ids.IsEmpty ? entry : ids[entry]];
            if (known == Outcome.Unknown)
                known = EvaluateEntry(rows, entry);

            _table[entry] = known;
        }

        return _table;
    }

    private void LookUpLazily<T>(FrameRows rows, byte[] table, ReadOnlySpan<T> entries, ReadOnlySpan<byte> skip, Span<byte> outcomes)
        where T : unmanaged, System.Numerics.INumber<T>
    {
        for (var row = 0; row < entries.Length; row++)
        {
            var entry = int.CreateTruncating(entries[row]);
            var known = table[entry];
            if (known == Outcome.Unknown && skip[row] == 0)
                known = table[entry] = EvaluateEntry(rows, entry);

            outcomes[row] = known;
        }
    }

    private byte EvaluateEntry(FrameRows rows, int entry)
    {
        if (reads.Length == 1)
            rows.FillEntry(reads[0], entry);
        else
            rows.FillEntry(reads, _combined, entry);

        return Evaluate(rows.Cursor);
    }

    private void Grow(int domain)
    {
        if (_table.Length < domain)
            _table = new byte[Math.Max(domain, _table.Length * 2)];
    }

    // Combinations of several columns, where all are narrow; otherwise the rows themselves.
    private void EvaluateSeveral(FrameRows rows, ReadOnlySpan<byte> skip, Span<byte> outcomes)
    {
        if (reads.Length > 1 && rows.TryCombine(reads, _combined))
        {
            Grow(_combined.Domain);
            _table.AsSpan(0, _combined.Domain).Fill(Outcome.Unknown);
            LookUpLazily(rows, _table, _combined.Codes, skip, outcomes);
            return;
        }

        for (var row = 0; row < outcomes.Length; row++)
        {
            if (skip[row] != 0)
            {
                outcomes[row] = Outcome.False;
                continue;
            }

            foreach (var slot in reads)
                rows.Fill(slot, row);

            outcomes[row] = Evaluate(rows.Cursor);
        }
    }

    private byte Evaluate(Cursor cursor)
    {
        try
        {
            return _condition(cursor) ? Outcome.True : Outcome.False;
        }
        catch (ArithmeticException)
        {
            return Outcome.Failed;
        }
    }
}
