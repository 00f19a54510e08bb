using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Groups;

namespace Pipeline.Stages.Aggregate.Groups;

/// <summary>
/// All groups of a run so far. A frame's events go to accumulators first, of 64 bits each, which are folded into the exact
/// figures at the frame's end.
/// </summary>
internal sealed class GroupTable : IDisposable
{
    private readonly AggregateOptions _limits;
    private readonly KeyColumn[] _keys;
    private readonly CompositeIndex? _index;
    private readonly int[] _key;
    private readonly Combination _combination;
    private readonly Rows<GroupFigures> _figures = new(1);
    private Accumulator[] _accumulators = [];
    private int[] _rowParts = [];

    public GroupTable(IReadOnlyList<string> columns, AggregateOptions limits)
    {
        _limits = limits;
        _keys = [.. columns.Select(name => new KeyColumn(name, limits))];
        _key = new int[_keys.Length];
        _combination = new Combination(_keys.Length, perRow: 2);
        _index = _keys.Length > 1 ? new CompositeIndex(_keys.Length) : null;
    }

    /// <summary>Highest group id in use, plus one; one of them may have no events.</summary>
    public int Count => _figures.Count;

    /// <summary>Names of the columns that are grouped by.</summary>
    public IEnumerable<string> GroupBy => _keys.Select(key => key.Name);

    public static StageException TooMany(string what) => new(
        FailureReasons.InvalidOptions,
        $"the run has more groups than Aggregate holds: more than {what}; group by columns with fewer distinct values");

    /// <summary>Adds the events of a frame.</summary>
    /// <exception cref="StageException">A column is missing or damaged; there are too many groups.</exception>
    public void Add(EventFrame frame)
    {
        var values = frame.Require(ColumnNames.Value);
        if (values.Kind != ColumnKind.Number)
            throw EventFrame.Unsound(ColumnNames.Value);

        if (_keys is [var key] && frame.Require(key.Name) is { Kind: not ColumnKind.Number } codes)
        {
            AddByCode(frame.Count, key, codes, values);
            return;
        }

        for (var column = 0; column < _keys.Length; column++)
            _combination.Columns[column] = frame.Require(_keys[column].Name);

        if (_combination.TryCombine(frame.Count))
            AddByCombination(_combination.Columns, values);
        else
            AddByRow(_combination.Columns, frame.Count, values);
    }

    /// <summary>Adds a group of a checkpoint.</summary>
    public void Add(Group group)
    {
        var figures = GroupMessages.FiguresOf(group);
        if (group.Key.Count != _keys.Length || figures is null)
            throw Corrupt();

        for (var column = 0; column < _keys.Length; column++)
        {
            _key[column] = _keys[column].PartOf(group.Key[column]);
            if (_key[column] < 0)
                throw Corrupt();
        }

        FiguresOf(IdOfKey()).Add(figures.Value);
    }

    /// <summary>The groups that have events, as messages, each made when asked for.</summary>
    public IEnumerable<Group> ToMessages()
    {
        for (var id = 0; id < Count; id++)
        {
            if (_figures[id][0].Count == 0)
                continue;

            var message = GroupMessages.ToMessage(_figures[id][0].Canonical());
            for (var column = 0; column < _keys.Length; column++)
                message.Key.Add(_keys[column][_index is null ? id : _index[id][column]]);

            yield return message;
        }
    }

    public void Dispose()
    {
        foreach (var key in _keys)
            key.Dispose();
    }

    private static StageException Corrupt() =>
        new(FailureReasons.CheckpointCorrupt, "a group of the checkpoint does not fit the columns that the run groups by");

    private void AddByCode(int count, KeyColumn key, EventColumn codes, EventColumn values)
    {
        var accumulators = Accumulators(codes.Domain);
        Accumulation.Add(codes, values, count, accumulators);
        for (var code = 0; code < accumulators.Length; code++)
        {
            if (accumulators[code].Count > 0)
                Fold(key.PartOfCode(codes, code), ref accumulators[code], values.Scale);
        }
    }

    private void AddByCombination(EventColumn[] columns, EventColumn values)
    {
        var accumulators = Accumulators(_combination.Domain);
        Accumulation.Add(_combination.Codes, values, accumulators);
        for (var code = 0; code < accumulators.Length; code++)
        {
            if (accumulators[code].Count == 0)
                continue;

            for (var column = 0; column < columns.Length; column++)
                _key[column] = _keys[column].PartOfCode(columns[column], _combination.CodeOf(code, column));

            Fold(IdOfKey(), ref accumulators[code], values.Scale);
        }
    }

    private void AddByRow(EventColumn[] columns, int count, EventColumn values)
    {
        var width = _keys.Length;
        if (_rowParts.Length < count * width)
            _rowParts = new int[count * width];

        for (var column = 0; column < width; column++)
            _keys[column].PartsOfRows(columns[column], _rowParts.AsSpan(column * count, count));

        for (var row = 0; row < count; row++)
        {
            for (var column = 0; column < width; column++)
                _key[column] = _rowParts[(column * count) + row];

            var value = values.ReadNumber(row);
            FiguresOf(IdOfKey()).Add(new GroupFigures { Count = 1, Scale = values.Scale, Sum = value, Min = value, Max = value });
        }
    }

    private int IdOfKey() => _index is null ? _key[0] : _index.GetOrAdd(_key);

    private void Fold(int id, ref Accumulator accumulator, int scale)
    {
        FiguresOf(id).Add(new GroupFigures
        {
            Count = accumulator.Count,
            Scale = scale,
            Sum = accumulator.Sum,
            Min = accumulator.Min,
            Max = accumulator.Max,
        });
        accumulator = Accumulator.Empty;
    }

    private ref GroupFigures FiguresOf(int id)
    {
        if (id >= Count)
        {
            if (id >= _limits.MaxGroups)
                throw TooMany($"{_limits.MaxGroups:N0} groups");

            _figures.GrowTo(id + 1);
        }

        return ref _figures[id][0];
    }

    // Empty between frames: folding one empties it.
    private Span<Accumulator> Accumulators(int count)
    {
        if (_accumulators.Length < count)
        {
            var before = _accumulators.Length;
            Array.Resize(ref _accumulators, Math.Max(count, before * 2));
            _accumulators.AsSpan(before).Fill(Accumulator.Empty);
        }

        return _accumulators.AsSpan(0, count);
    }
}
