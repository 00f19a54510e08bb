using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Pipeline.Client.Registry;
using Pipeline.Client.Runs;

namespace Pipeline.Orchestrator.Api;

/// <summary>What happens to a run, as server-sent events.</summary>
internal static class RunEvents
{
    /// <summary>The run now, then after its changes, until it rests. To a slow reader the newest stands for all between.</summary>
    /// <param name="run">The run.</param>
    /// <param name="stopped">
    /// Ends once the orchestrator has stopped and its own runs rest: the server waits for open streams, and one of a run that another machine
    /// carries out would not end.
    /// </param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async IAsyncEnumerable<SseItem<Run>> FollowAsync(
        Observable<Run> run, Task stopped, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Run? told = null;
        await foreach (var now in run.ReadAllAsync(stopped, cancellationToken))
        {
            yield return new SseItem<Run>(now, NameOf(told, now));
            if (!now.State.IsActive())
                yield break;
            told = now;
        }
    }

    private static string NameOf(Run? told, Run now)
    {
        if (!now.State.IsActive())
            return now.State.ToText();
        var same = told?.State == now.State && told.WaitingFor == now.WaitingFor && (told.Stall is null) == (now.Stall is null);
        return same ? RunEventNames.Progress : RunEventNames.State;
    }
}
