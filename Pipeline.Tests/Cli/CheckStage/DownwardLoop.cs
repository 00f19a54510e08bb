using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Tests.Stages.Core.Route;

namespace Pipeline.Tests.Cli.CheckStage;

/// <summary>What comes from above goes below, in its order, to the end of the input.</summary>
internal sealed class DownwardLoop(Fault fault, IAsyncStreamReader<StageInput> above, IClientStreamWriter<StageInput> below)
{
    private const int LargeBatch = 40;
    private StageInput? _held;

    public async Task RunAsync()
    {
        var buffer = Channel.CreateUnbounded<StageInput>();
        var sending = fault == Fault.BuffersWithoutBound ? SendAsync(buffer.Reader) : Task.CompletedTask;
        while (await above.MoveNext())
        {
            var message = above.Current;
            foreach (var next in HandOn(message))
            {
                if (fault == Fault.BuffersWithoutBound)
                    buffer.Writer.TryWrite(next);
                else
                    await WriteAsync(next);
            }

            if (message.EndOfInput is not null || message.Control is not null)
            {
                buffer.Writer.Complete();
                await sending;
                if (fault != Fault.NeverHalfCloses)
                    await below.CompleteAsync();
                return;
            }
        }

        if (fault != Fault.EndsWhatWasGivenUp)
            throw new RpcException(new Status(StatusCode.Unavailable, "the stream ended without EndOfInput"));
        await WriteAsync(new StageInput { EndOfInput = new EndOfInput() });
        await below.CompleteAsync();
    }

    private async Task SendAsync(ChannelReader<StageInput> buffer)
    {
        await foreach (var message in buffer.ReadAllAsync())
            await WriteAsync(message);
    }

    // A call that has ended takes no more; why it ended is told to who reads its answers.
    private async Task WriteAsync(StageInput message)
    {
        try
        {
            await below.WriteAsync(message);
        }
        catch (Exception exception) when (exception is RpcException or InvalidOperationException)
        {
        }
    }

    private IEnumerable<StageInput> HandOn(StageInput message)
    {
        var held = _held;
        switch (fault)
        {
            case Fault.ForgetsFiltered when message.Events is not null:
                message.Events.Filtered = 0;
                break;
            case Fault.DropsCheckpoints when message.Checkpoint is not null:
                return [];
            case Fault.RoundsCheckpoints when message.Checkpoint?.Position is { } position:
                message.Checkpoint.Position = Rounding.Of(position);
                break;
            case Fault.AltersValues when message.Events is { Count: > LargeBatch }:
                Alter(message.Events);
                break;
            case Fault.LosesTheScale or Fault.ReadsUnsigned or Fault.ReadsTwoBytesAsZero or Fault.ReadsFourBytesAsZero or Fault.ReadsEightBytesAsZero
                when message.Events is not null:
                Misread(message.Events.Columns.FirstOrDefault(column => column.Name == ColumnNames.Value));
                break;
            case Fault.ReadsTextsOfOneByte when message.Events?.Columns.FirstOrDefault(column => column is { Name: ColumnNames.User, Width: > 1 }) is { } users:
                users.Data = ByteString.CopyFrom([.. users.Data.Where((_, at) => at % users.Width == 0)]);
                users.Width = 1;
                break;
            case Fault.LosesTheFile when message.Events is not null:
                message.Events.File = "";
                break;
            case Fault.ShortColumns when message.Events is { Count: > 0 }:
                foreach (var column in message.Events.Columns)
                    column.Data = ByteString.CopyFrom(column.Data.Span[1..]);
                break;
            // The next message goes first, unless it must not, whatever the fault.
            case Fault.ReordersBatches when held is null && message.Events is { Count: > 0 }:
            case Fault.LetsCheckpointsOvertake when held is null && message.Events is { Count: > 0 }:
                _held = message;
                return [];
            case Fault.ReordersBatches when held is not null:
                _held = null;
                return message.Events is { Count: > 0 } ? [message, held] : [held, message];
            case Fault.LetsCheckpointsOvertake when held is not null:
                _held = null;
                return message.Checkpoint is not null ? [message, held] : [held, message];
        }

        return [message];
    }

    private static void Alter(EventBatch events)
    {
        if (events.Columns.FirstOrDefault(column => column.Name == ColumnNames.Value) is not { Width: 1 } values)
            return;
        var data = values.Data.ToByteArray();
        data[0]++;
        values.Data = ByteString.CopyFrom(data);
    }

    private void Misread(Column? values)
    {
        switch (fault)
        {
            case Fault.LosesTheScale when values is not null:
                values.Scale = 0;
                break;
            // What is -1 becomes 255.
            case Fault.ReadsUnsigned when values is { Width: 1 or 2 or 4 }:
                var data = new byte[values.Data.Length / values.Width * sizeof(long)];
                for (var at = 0; at < values.Data.Length; at++)
                    data[(at / values.Width * sizeof(long)) + (at % values.Width)] = values.Data[at];
                (values.Data, values.Width) = (ByteString.CopyFrom(data), sizeof(long));
                break;
            case Fault.ReadsTwoBytesAsZero when values is { Width: 2 }:
            case Fault.ReadsFourBytesAsZero when values is { Width: 4 }:
            case Fault.ReadsEightBytesAsZero when values is { Width: 8 }:
                (values.Data, values.Width) = (ByteString.Empty, 0);
                break;
        }
    }
}
