namespace Pipeline.Stages.Ingest.Cutting;

/// <summary>Why cutting paused.</summary>
internal enum CutStatus
{
    /// <summary>The batch is complete.</summary>
    Full,

    /// <summary>The next line is not all in the buffer.</summary>
    NeedsData,

    /// <summary>As many lines were read as were due.</summary>
    BudgetSpent,

    /// <summary>The file is read to its end.</summary>
    End,
}

/// <summary>When a batch is complete, and how many lines may be read for it.</summary>
/// <param name="Lines">Kept lines in a batch, from 1.</param>
/// <param name="Bytes">Bytes in a batch, unless of one line, from 1.</param>
/// <param name="Budget">Lines of any kind that may be read now, from 0.</param>
internal readonly record struct CutLimits(int Lines, int Bytes, long Budget);
