using Pipeline.Stages.Parse.Events;
using Pipeline.Stages.Parse.Lines;

namespace Pipeline.Stages.Parse.Shapes;

/// <summary>The shapes of the lines seen last, the most used first.</summary>
internal sealed unsafe class ShapeCache
{
    private const int MaxShapes = 8;

    // Learning costs as much as parsing a few lines: one line in so many is learned, or so many at once after long agreement.
    private const int LinesPerLesson = 16;
    private const int MaxLessons = 16;
    private readonly List<LineShape> _shapes = [];
    private readonly ShapeLearner _learner = new();
    private readonly ShapeMatcher _matcher = new();
    private long _saved = LinesPerLesson * MaxLessons;

    /// <summary>Reads an event that fits a shape.</summary>
    /// <param name="line">Begins a line that ends with "\n"; <see cref="LineShape.Padding"/> bytes behind that can be read.</param>
    /// <param name="values">The event.</param>
    /// <returns>The beginning of the next line; null where the line is to be parsed in full.</returns>
    public byte* Match(byte* line, ref EventValues values)
    {
        var shapes = _shapes;
        for (var i = 0; i < shapes.Count; i++)
        {
            var after = _matcher.Match(shapes[i].Steps, line, ref values);
            if (after != null)
            {
                if (i > 0)
                    (shapes[i - 1], shapes[i]) = (shapes[i], shapes[i - 1]);

                _saved++;
                return after;
            }
        }

        return null;
    }

    /// <summary>Learns from an event that fitted no shape.</summary>
    /// <param name="line">Without its end.</param>
    /// <param name="fields">Where its fields are.</param>
    public void Learn(ReadOnlySpan<byte> line, LineFields fields)
    {
        _saved = Math.Min(_saved + 1, LinesPerLesson * MaxLessons);
        if (_saved < LinesPerLesson)
            return;

        _saved -= LinesPerLesson;
        if (!_learner.TryRead(line, fields))
            return;

        foreach (var shape in _shapes)
        {
            if (shape.TryWiden(_learner.Skeleton, _learner.Scalars))
                return;
        }

        if (_shapes.Count == MaxShapes)
            _shapes.RemoveAt(MaxShapes - 1);

        _shapes.Insert(0, LineShape.Of(_learner.Skeleton, _learner.Scalars));
    }
}
