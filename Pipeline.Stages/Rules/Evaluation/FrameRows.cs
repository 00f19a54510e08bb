using System.Numerics;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Rules.Expressions;

namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>The frame at hand, as rules see it: its columns by slot, and what has become of each row so far.</summary>
internal sealed class FrameRows(IReadOnlyList<Slot> slots) : IDisposable
{
    private const int FewRows = 64;

    private readonly EventColumn?[] _columns = new EventColumn?[slots.Count];
    private readonly TextIds?[] _ids = [.. slots.Select(slot => slot.Kind == ColumnKind.Text ? new TextIds() : null)];
    private byte[] _state = new byte[FewRows];
    private byte[] _marks = new byte[FewRows];
    private int[] _indices = [.. Enumerable.Range(0, FewRows)];

    public int Count { get; private set; }

    /// <summary>By row: an <see cref="Outcome"/>.</summary>
    public Span<byte> State => _state.AsSpan(0, Count);

    /// <summary>By row: the state that it is to have; of undefined content.</summary>
    public Span<byte> Marks => _marks.AsSpan(0, Count);

    /// <summary>By row: the row itself.</summary>
    public ReadOnlySpan<int> Indices => _indices.AsSpan(0, Count);

    public Cursor Cursor { get; } = new(slots.Count);

    /// <summary>Columns that rules made.</summary>
    public List<EventColumn> Made { get; } = [];

    public void Begin(int count)
    {
        Count = count;
        if (_state.Length < count)
        {
            // Whole vectors.
            _state = new byte[Math.Max((count + FewRows - 1) / FewRows * FewRows, _state.Length * 2)];
            _marks = new byte[_state.Length];
            _indices = [.. Enumerable.Range(0, _state.Length)];
        }

        State.Clear();
        Array.Clear(_columns);
        foreach (var ids in _ids)
            ids?.Unload();
    }

    public void Bind(Slot slot, EventColumn column) => _columns[slot.Index] = column;

    /// <summary>Binds a column that a rule made.</summary>
    public void Add(Slot slot, EventColumn column)
    {
        Made.Add(column);
        Bind(slot, column);
    }

    public EventColumn Column(Slot slot) => _columns[slot.Index] ?? throw new InvalidOperationException($"Column '{slot}' is not there.");

    /// <summary>The ids of a text slot.</summary>
    public TextIds IdsOf(Slot slot) => _ids[slot.Index]!;

    /// <summary>Gives the rows that are still there the state of their mark.</summary>
    public void Mark()
    {
        for (var row = 0; row < Count; row += Vector<byte>.Count)
        {
            var before = new Vector<byte>(_state, row);
            (before | (Vector.Equals(before, Vector<byte>.Zero) & new Vector<byte>(_marks, row))).CopyTo(_state, row);
        }
    }

    /// <summary>Brings back rows that were hidden. Behind the last one, too, so that it need not go one by one where they are few.</summary>
    public void Show(byte hidden) => _state.AsSpan(0, Math.Max(Count, FewRows)).Replace(hidden, Outcome.Kept);

    /// <summary>Puts a row's values under the cursor.</summary>
    public void Fill(Slot[] slots, int row)
    {
        var cursor = Cursor;
        foreach (var slot in slots)
        {
            var column = Column(slot);
            if (slot.Kind == ColumnKind.Text)
                cursor.Texts[slot.Index] = IdsOf(slot).Read(column, row);
            else if (slot.Kind == ColumnKind.Number)
                cursor.Numbers[slot.Index] = Number.ToDecimal(column.ReadNumber(row), column.Scale);
            else
                cursor.Flags[slot.Index] = column.ReadCode(row) != 0;
        }
    }

    public void Dispose()
    {
        foreach (var ids in _ids)
            ids?.Dispose();
    }
}
