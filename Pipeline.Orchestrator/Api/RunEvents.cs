using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Pipeline.Client.Registry;
using Pipeline.Client.Runs;

namespace Pipeline.Orchestrator.Api;

/// <summary>What happens to a run, as server-sent events.</summary>
internal static class RunEvents
{
    /// <summary>The run now, then after its changes, until it rests. To a slow reader the newest stands for all between.</summary>
    public static async IAsyncEnumerable<SseItem<Run>> FollowAsync(Observable<Run> run, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Run? told = null;
        await foreach (var now in run.ReadAllAsync(cancellationToken))
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
