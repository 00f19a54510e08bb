using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>Turns rows that could not be evaluated into rejected lines.</summary>
internal static class FailedRows
{
    /// <summary>The reason that such a line is rejected for.</summary>
    public const string Reason = "rule_failed";

    /// <summary>Merges them into the frame's rejects, in order of line.</summary>
    /// <param name="frame">With columns line and offset, not yet compacted.</param>
    /// <param name="rows">Tells which rows failed.</param>
    public static void AddRejects(EventFrame frame, FrameRows rows)
    {
        var lines = frame.Find(ColumnNames.Line)!;
        var offsets = frame.Find(ColumnNames.Offset)!;
        var merged = new List<Reject>(frame.Rejects.Count + 1);
        var next = 0;
        for (var row = 0; row < rows.Count; row++)
        {
            if (rows.State[row] != Outcome.Failed)
                continue;

            var line = lines.ReadNumber(row);
            while (next < frame.Rejects.Count && frame.Rejects[next].Line < line)
                merged.Add(frame.Rejects[next++]);

            merged.Add(new Reject
            {
                Line = line,
                Offset = offsets.ReadNumber(row),
                Reason = Reason,
                File = frame.File,
            });
        }

        merged.AddRange(frame.Rejects.Skip(next));
        frame.Rejects.Clear();
        frame.Rejects.AddRange(merged);
    }
}
