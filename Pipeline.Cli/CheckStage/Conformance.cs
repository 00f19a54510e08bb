using System.Runtime.CompilerServices;
using Pipeline.Cli.CheckStage.Hops;

namespace Pipeline.Cli.CheckStage;

/// <summary>Makes all checks of one stage.</summary>
/// <param name="target">The stage.</param>
/// <param name="limits">How long to wait.</param>
/// <param name="time">The clock.</param>
internal sealed class Conformance(StageTarget target, CheckLimits limits, TimeProvider time)
{
    /// <summary>Makes them one after the other; those that only wait run beside the others.</summary>
    public async IAsyncEnumerable<CheckOutcome> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var folder = TemporaryFolder.OfUser();
        await using var below = await HopBelow.StartAsync(target.RoleBelow, cancellationToken);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var slow = new Dictionary<string, Task<CheckOutcome>>();
        string? hopeless = null;
        var failed = false;
        foreach (var check in StageChecks.All)
        {
            var reason = hopeless ?? (check.IsReference && failed ? "mend what failed above first" : null);
            var outcome = reason is not null
                ? new CheckOutcome(check.Name, CheckResult.Skipped, reason, [])
                : await (slow.GetValueOrDefault(check.Name) ?? MakeAsync(check, below, folder.Path, ending.Token));
            failed |= !check.IsReference && outcome.Result == CheckResult.Fail;
            if (check.IsOpening && outcome.Result == CheckResult.Fail)
            {
                hopeless = "the stage does not get through a run without input";
            }
            else if (check.IsOpening)
            {
                slow = StageChecks.All.Where(other => other.IsSlow)
                    .ToDictionary(other => other.Name, other => MakeAsync(other, below, folder.Path, ending.Token));
            }

            yield return outcome;
        }

        await ending.CancelAsync();
        await ((Task)Task.WhenAll(slow.Values)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<CheckOutcome> MakeAsync(StageCheck check, HopBelow below, string folder, CancellationToken cancellationToken)
    {
        var run = new CheckRun(target, below, folder, limits, time, cancellationToken);
        await run.RunAsync(check.Make);
        var result = run.Findings.Count > 0 ? CheckResult.Fail : run.Skipped is not null ? CheckResult.Skipped : CheckResult.Pass;
        return new CheckOutcome(check.Name, result, result == CheckResult.Skipped ? run.Skipped : null, run.Findings);
    }
}
