using Microsoft.Extensions.Logging;
using Pipeline.Stages.Core.Metrics;

namespace Pipeline.Stages.Core.Runtime;

/// <summary>What an attempt gives to its stage, whether in a process of its own or in the monolith.</summary>
public sealed class StageContext
{
    /// <summary>Figures of this attempt.</summary>
    public required StageMeter Meter { get; init; }

    /// <summary>Where answers go.</summary>
    public required IAnswerOutput Answers { get; init; }

    /// <summary>What is remembered of the runs' former attempts.</summary>
    public RunMemory Memory { get; init; } = new();

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The stage's log.</summary>
    public required ILogger Logger { get; init; }

    /// <summary>Paths that Ingest may read and Sink may write below.</summary>
    public required IReadOnlyList<string> Roots { get; init; }
}
