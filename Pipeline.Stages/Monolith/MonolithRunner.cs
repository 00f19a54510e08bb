using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Aggregate;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Ingest;
using Pipeline.Stages.Parse;
using Pipeline.Stages.Rules;
using Pipeline.Stages.Sink;

namespace Pipeline.Stages.Monolith;

/// <summary>The five stages chained in one process: what the split pipeline is compared with, byte for byte and second for second.</summary>
public static class MonolithRunner
{
    /// <summary>Runs one attempt.</summary>
    /// <param name="open">The run; its route is not looked at.</param>
    /// <param name="options">Threads and roots.</param>
    /// <param name="answers">Hears of commits; may be null.</param>
    /// <param name="loggers">Logs of the stages; may be null.</param>
    /// <param name="drain">Stops at a checkpoint, from which another attempt goes on.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>What the last stage answered, with the figures of all stages.</returns>
    /// <exception cref="StageException">The run cannot be done, and why.</exception>
    public static async Task<RunCompleted> RunAsync(
        OpenRun open, MonolithOptions options, IProgress<StageOutput>? answers, ILoggerFactory? loggers, CancellationToken drain,
        CancellationToken cancellationToken)
    {
        var completion = new Completion(answers);
        var figures = new List<AttemptMetrics>();
        var sink = new SinkStage(Context("sink", Metrics("sink").Stage));
        await using var _1 = sink;
        var aggregate = new AggregateStage(Context("aggregate", Metrics("aggregate").Stage));
        await using var _2 = aggregate;
        var rules = new RulesStage(Context("rules", Metrics("rules").Stage));
        await using var _3 = rules;
        var parseMetrics = Metrics("parse");
        var parseMeters = Enumerable.Range(0, options.Threads).Select(_ => new StageMeter()).ToArray();
        var parsers = parseMeters.Select(meter => new ParseStage(Context("parse", meter))).ToArray();
        var ingest = new IngestStage(Context("ingest", Metrics("ingest").Stage));
        await using var _4 = ingest;
        completion.Source = ingest;

        var opened = await sink.OpenAsync(open, null, cancellationToken);
        foreach (var page in sink.StoredPages)
            aggregate.Restore(open, page);

        opened = await aggregate.OpenAsync(open, opened, cancellationToken);
        opened = await rules.OpenAsync(open, opened, cancellationToken);
        var below = opened;
        foreach (var parse in parsers)
            opened = await parse.OpenAsync(open, below.Clone(), cancellationToken);

        opened = await ingest.OpenAsync(open, opened, cancellationToken);
        answers?.Report(new StageOutput { RunOpened = opened });
        var tail = new Link(rules, figures[2], new Link(aggregate, figures[1], new Link(sink, figures[0], NoOutput.Instance)));
        try
        {
            if (parsers.Length == 1)
            {
                await ingest.ReadAsync(new Link(parsers[0], parseMetrics, tail), drain, cancellationToken);
            }
            else
            {
                await using var parallel = new OrderedParallel(parsers, parseMetrics, tail, cancellationToken);
                await parallel.ReadAsync(ingest, drain);
            }
        }
        finally
        {
            foreach (var parse in parsers)
                await parse.DisposeAsync();
        }

        var completed = completion.Result ?? throw new InvalidOperationException("The input ended, and Sink did not complete the run.");
        parseMetrics.Stage.Rejected = parseMeters.Sum(meter => meter.Rejected);
        for (var i = 1; i < figures.Count; i++)
            figures[i].Edge.CountOut(figures[i - 1].Edge);

        completed.Stages.AddRange(figures.Select(figure => figure.Snapshot()).Reverse());
        return completed;

        AttemptMetrics Metrics(string role)
        {
            figures.Add(new AttemptMetrics("monolith", role, TimeProvider.System));
            return figures[^1];
        }

        StageContext Context(string role, StageMeter meter) => new()
        {
            Meter = meter,
            Answers = completion,
            Logger = loggers?.CreateLogger($"Pipeline.Stages.{role}") ?? NullLogger.Instance,
            Roots = options.Roots,
        };
    }

    /// <summary>Keeps the last answer, and lets a listener hear all of them.</summary>
    private sealed class Completion(IProgress<StageOutput>? answers) : IAnswerOutput
    {
        public RunCompleted? Result { get; private set; }

        public ISource? Source { get; set; }

        public void Answer(StageOutput answer)
        {
            Result = answer.RunCompleted ?? Result;
            if (answer.CheckpointCommitted is { } committed)
                Source?.Committed(committed.Id);

            answers?.Report(answer);
        }
    }
}
