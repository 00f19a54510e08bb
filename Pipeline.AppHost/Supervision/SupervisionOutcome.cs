namespace Pipeline.AppHost.Supervision;

/// <summary>Tells that a service, or all of them, will not come back.</summary>
internal sealed class SupervisionOutcome
{
    private readonly TaskCompletionSource<string> _givenUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes with the reason when the first replica was given up.</summary>
    public Task<string> GivenUp => _givenUp.Task;

    /// <summary>
    /// Completes when Aspire's control plane is gone and all processes were killed. Aspire's own stop would wait for it: the AppHost
    /// just ends.
    /// </summary>
    public Task Lost => _lost.Task;

    public void GiveUp(string reason) => _givenUp.TrySetResult(reason);

    public void ControlPlaneLost() => _lost.TrySetResult();
}
