using System.Buffers;
using System.Text.Json;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Files;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Stages.Bridge.BuiltIn;

/// <summary>Writes every n-th event to ROLE.sample.ATTEMPT.ndjson in the run's folder, each once, whatever is killed. It changes nothing.</summary>
internal sealed partial class SampleBridge(StageContext context, string role, SampleOptions options) : ITransform
{
    private static readonly string[] Columns = [ColumnNames.Line, ColumnNames.Timestamp, ColumnNames.Type, ColumnNames.User, ColumnNames.Value];

    private readonly ArrayBufferWriter<byte> _lines = new();
    private SampleFile? _file;

    // Events of the run up to here, over all attempts.
    private long _events;

    /// <inheritdoc/>
    /// <exception cref="StageException">
    /// The file cannot be written; invalid_options of a slice, whose folder goes with it and whose lines are not those of the input.
    /// </exception>
    public ValueTask<RunOpened> OpenAsync(OpenRun open, RunOpened? below, CancellationToken cancellationToken)
    {
        if (open.Options.Slice is not null)
            throw new StageException(FailureReasons.InvalidOptions, SlicedRuns.NoLines);

        var folder = RootedPath.Require(open.Options.WorkDirectory, context.Roots, "work directory");
        try
        {
            _file = SampleFile.Open(folder, $"{role}.sample", open.Attempt, below!.Resume?.Id ?? 0);
        }
        catch (Exception failure) when (WriteFailures.Is(failure))
        {
            throw WriteFailures.ToStageException(failure);
        }

        _events = _file.Events;
        LogSample(context.Logger, open.RunId, options.Every, _file.Path);
        var columns = below.Columns.Union(Columns).ToList();
        below.Columns.Clear();
        below.Columns.AddRange(columns);
        return ValueTask.FromResult(below);
    }

    public ValueTask ProcessAsync(Frame frame, IFrameOutput output, CancellationToken cancellationToken)
    {
        var file = _file ?? throw new InvalidOperationException("The stage was not opened.");
        try
        {
            switch (frame)
            {
                case EventFrame { Count: > 0 } events:
                    Sample(events);
                    file.Append(_lines.WrittenSpan);
                    _lines.ResetWrittenCount();
                    break;
                case MessageFrame { Message.Checkpoint: { More: false } checkpoint }:
                    file.Commit(checkpoint.Id, _events);
                    break;
            }
        }
        catch (Exception failure) when (WriteFailures.Is(failure))
        {
            throw WriteFailures.ToStageException(failure);
        }

        return output.WriteAsync(frame, cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        _file?.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Sample(EventFrame events)
    {
        var every = (long)options.Every;
        var row = (every - _events % every) % every;
        _events += events.Count;
        if (row >= events.Count)
            return;

        var columns = Array.ConvertAll(Columns, events.Require);
        for (; row < events.Count; row += every)
            Write(events.File, columns, (int)row);
    }

    private void Write(string file, EventColumn[] columns, int row)
    {
        using (var json = new Utf8JsonWriter(_lines))
        {
            json.WriteStartObject();
            if (file.Length > 0)
                json.WriteString("file", file);

            foreach (var column in columns)
            {
                if (column.Texts is { } texts)
                    json.WriteString(column.Name, texts[column.ReadCode(row)]);
                else
                    json.WriteNumber(column.Name, column.ReadNumber(row) / (decimal)PowersOfTen.Values[column.Scale]);
            }

            json.WriteEndObject();
        }

        _lines.Write("\n"u8);
    }

    [LoggerMessage(1043, LogLevel.Information, "Run {Run}: one event of {Every} goes to {Path}")]
    private static partial void LogSample(ILogger logger, string run, int every, string path);
}
