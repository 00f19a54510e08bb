using Pipeline.Bench.Cli;
using Pipeline.Bench.Reports;
using Pipeline.Bench.Rows;
using Pipeline.Bench.Services;

namespace Pipeline.Bench.Modes;

/// <summary>The split pipeline at each batch size, the monolith, and DuckDB.</summary>
internal sealed class Comparison(BenchOptions options) : IMode
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var session = new Session();
        var workload = await InputFile.GenerateAsync(session, options.Count, options.Workload, options.Payload, cancellationToken);
        await using var services = await PipelineServices.StartAsync(session, cancellationToken);
        // It has nothing that would do what a work item asks for.
        using var duckDb = options.Workload == InputFile.Events ? new DuckDbRow(workload) : null;
        List<IRow> rows = [.. options.BatchSizes.Select(size => SplitRow.OfBatchSize(size, services, workload))];
        await using var grpcAlone = options.GrpcAlone ? await PipelineServices.StartAsync(session, cancellationToken, sharedMemory: false) : null;
        if (grpcAlone is not null)
            rows.AddRange(options.BatchSizes.Select(size => SplitRow.OverGrpcAlone(size, grpcAlone, workload)));
        rows.Add(new MonolithRow(workload, 1));
        rows.Add(new MonolithRow(workload, 2));
        if (duckDb is not null)
            rows.Add(duckDb);

        var figures = await Rounds.RunAsync(rows, options.Runs, workload.Lines, Console.Error.WriteLine, cancellationToken);
        var unit = options.Workload == InputFile.Events ? "events" : "items";
        var report = new Report("Split pipeline, monolith, DuckDB", Setting.Of(options, workload), ComparisonTables.Of(figures, unit), figures);
        report.WriteTo(Console.Out);
        if (options.Report is { } folder)
            ReportFolder.Write(folder, report, RatePlot.Svg(figures, unit));
    }
}

/// <summary>One of the benchmarks.</summary>
internal interface IMode
{
    /// <summary>Measures and reports.</summary>
    Task RunAsync(CancellationToken cancellationToken);
}
