using System.Runtime.CompilerServices;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Parse.Events;

/// <summary>Collects the texts of one column as codes.</summary>
internal sealed class TextColumn(string name)
{
    private readonly TextCodes _codes = new();
    private TextTable? _texts;
    private int[] _values = new int[256];
    private int _count;

    /// <summary>Adds a text.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(ReadOnlySpan<byte> text)
    {
        if (_count == _values.Length)
            Array.Resize(ref _values, _count * 2);

        if (_texts is null)
            _codes.Reset(_texts = new TextTable());

        _values[_count++] = _codes.GetOrAdd(text);
    }

    /// <summary>The column so far; this one is empty then.</summary>
    public EventColumn Take()
    {
        var column = new EventColumn { Name = name, Kind = ColumnKind.Text, Texts = _texts ?? new TextTable() };
        column.Allocate(EventColumn.WidthOfCodes(_codes.Count), _count);
        column.Write<int>(_values.AsSpan(0, _count));
        _count = 0;
        _texts = null;
        return column;
    }
}
