namespace Pipeline.AppHost.Supervision;

/// <summary>Tells whoever needs all services that one of them will not come back.</summary>
internal sealed class SupervisionOutcome
{
    private readonly TaskCompletionSource<string> _givenUp = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends with the reason when the first process was given up.</summary>
    public Task<string> GivenUp => _givenUp.Task;

    public void GiveUp(string reason) => _givenUp.TrySetResult(reason);
}
