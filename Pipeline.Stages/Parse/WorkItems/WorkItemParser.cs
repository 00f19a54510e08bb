using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Parse.Events;
using Pipeline.Stages.Parse.Lines;

namespace Pipeline.Stages.Parse.WorkItems;

/// <summary>Reads the fields of a work item and does Parse's part of its arithmetic.</summary>
internal sealed class WorkItemParser
{
    private const int DefaultIterations = 500;
    private const int MaxIterations = 100_000;
    private readonly NumberRows _vectors = new();
    private readonly NumberRows _matrix = new();
    private byte[] _unescaped = [];

    /// <summary>Parses a line that has id, vectors and matrix, each once.</summary>
    /// <param name="line">The line that <paramref name="fields"/> were read from.</param>
    /// <param name="fields">Where its fields are.</param>
    /// <param name="number">The line's number, from 1.</param>
    /// <param name="item">The item, where it is one.</param>
    /// <param name="cancellationToken">Ends the arithmetic.</param>
    /// <returns>WorkItem, or the reason to reject it.</returns>
    public Verdict Parse(ReadOnlySpan<byte> line, LineFields fields, long number, out WorkItem? item, CancellationToken cancellationToken)
    {
        item = null;
        var id = fields[Field.Id];
        if (id.Kind != JsonTokenType.String || id.Length == 0)
            return id.Kind == JsonTokenType.String ? Verdict.EmptyField : Verdict.WrongType;

        var verdict = ReadVectors(line, fields[Field.Vectors]);
        verdict = verdict == Verdict.WorkItem ? ReadMatrix(line, fields[Field.Matrix]) : verdict;
        var iterations = DefaultIterations;
        if (verdict == Verdict.WorkItem && fields.Has(Field.Iterations))
            verdict = ReadIterations(line, fields[Field.Iterations], out iterations);

        if (verdict != Verdict.WorkItem)
            return verdict;

        var text = id.Escaped ? JsonEscapes.Unescape(line.Slice(id.Start - 1, id.Length + 2), ref _unescaped) : line.Slice(id.Start, id.Length);
        item = new WorkItem { Id = Encoding.UTF8.GetString(text), Line = number };
        Compute(item, iterations, cancellationToken);
        return Verdict.WorkItem;
    }

    private Verdict ReadVectors(ReadOnlySpan<byte> line, FieldValue vectors)
    {
        if (vectors.Kind != JsonTokenType.StartArray)
            return Verdict.WrongType;

        var json = new JsonWalker(line[vectors.Start..]);
        var verdict = _vectors.Read(ref json);
        return verdict == Verdict.WorkItem && _vectors.Values.IsEmpty ? Verdict.EmptyField : verdict;
    }

    private Verdict ReadMatrix(ReadOnlySpan<byte> line, FieldValue matrix)
    {
        if (matrix.Kind != JsonTokenType.StartObject)
            return Verdict.WrongType;

        var json = new JsonWalker(line[matrix.Start..]);
        var verdict = _matrix.ReadMatrix(ref json);
        if (verdict != Verdict.WorkItem)
            return verdict;

        return _vectors.Values.Length + _matrix.Values.Length > NumberRows.MaxValues ? Verdict.TooManyValues
            : _matrix.IsRectangular ? Verdict.WorkItem
            : Verdict.NotRectangular;
    }

    // Any number that is whole is an integer: 5e2 is 500.
    private static Verdict ReadIterations(ReadOnlySpan<byte> line, FieldValue value, out int iterations)
    {
        iterations = 0;
        if (value.Kind != JsonTokenType.Number)
            return Verdict.WrongType;

        if (!DecimalNumber.TryParse(line.Slice(value.Start, value.Length), out var mantissa, out var scale)
            || scale != 0 || mantissa is < 0 or > MaxIterations)
        {
            return Verdict.IterationsOutOfRange;
        }

        iterations = (int)mantissa;
        return Verdict.WorkItem;
    }

    private void Compute(WorkItem item, int iterations, CancellationToken cancellationToken)
    {
        for (var i = 0; i < _vectors.Count; i++)
            Normalize(_vectors[i]);

        item.Vectors.AddRange(_vectors.Values);
        item.VectorChecksum = VectorChecksum.Compute(_vectors.Values, iterations, cancellationToken);
        item.MatrixColumns = _matrix.Count;
        item.MatrixRows = _matrix.Count == 0 ? 0 : _matrix[0].Length;
        item.Matrix.Capacity = _matrix.Values.Length;
        for (var column = 0; column < item.MatrixRows; column++)
        {
            for (var row = 0; row < item.MatrixColumns; row++)
                item.Matrix.Add(_matrix.Values[(row * item.MatrixRows) + column]);
        }
    }

    private static void Normalize(Span<double> vector)
    {
        var squares = 0.0;
        foreach (var value in vector)
            squares += value * value;

        var length = Math.Sqrt(squares);
        if (length == 0)
            return;

        foreach (ref var value in vector)
            value /= length;
    }
}
