using Microsoft.AspNetCore.Components;
using Pipeline.Client.Registry;

namespace Pipeline.Orchestrator.Web.Components;

/// <summary>A component that shows what changes in this process, at most a few times a second.</summary>
public abstract class LiveComponent : ComponentBase, IDisposable
{
    private static readonly TimeSpan MinInterval = TimeSpan.FromMilliseconds(250);

    private readonly CancellationTokenSource _closing = new();

    /// <summary>Shows nothing yet.</summary>
    protected LiveComponent() => Closing = _closing.Token;

    /// <summary>Clock.</summary>
    [Inject]
    protected TimeProvider Clock { get; set; } = null!;

    /// <summary>Cancelled when nobody looks any more.</summary>
    protected CancellationToken Closing { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        _closing.Cancel();
        _closing.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Reads the state that it shows.</summary>
    protected abstract Task RefreshAsync();

    /// <summary>Refreshes after each change; call it once the component is shown in a browser.</summary>
    protected void Follow<T>(Observable<T> source) => Follow(() => source.Current, RefreshAsync);

    /// <summary>Calls <paramref name="refresh"/> after each change; call it once the component is shown in a browser.</summary>
    /// <param name="current">The present value.</param>
    /// <param name="refresh">Reads what depends on it.</param>
    /// <param name="longest">After so long it is read again without a change; null = it is not.</param>
    protected void Follow<T>(Func<Observation<T>> current, Func<Task> refresh, TimeSpan? longest = null) => _ = InvokeAsync(async () =>
    {
        try
        {
            while (!Closing.IsCancellationRequested)
            {
                var seen = current();
                await refresh();
                StateHasChanged();
                await Task.Delay(MinInterval, Clock, Closing);
                // Neither throws: the end of the longest time, and the page's, which ends the loop.
                await seen.Superseded.WaitAsync(longest ?? Timeout.InfiniteTimeSpan, Clock, Closing)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            }
        }
        catch (OperationCanceledException) when (Closing.IsCancellationRequested)
        {
            // The page was left.
        }
        catch (Exception error)
        {
            await DispatchExceptionAsync(error);
        }
    });
}
