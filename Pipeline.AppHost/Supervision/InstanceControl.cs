namespace Pipeline.AppHost.Supervision;

/// <summary>Carries the supervisor's wishes to the host.</summary>
internal sealed class InstanceControl(
    ResourceNotificationService notifications,
    ResourceCommandService commands,
    IResource resource,
    string id) : IInstanceControl
{
    private const string Property = "restart";

    public Task<string?> StartAsync(CancellationToken cancellationToken) =>
        ExecuteAsync(KnownResourceCommands.StartCommand, cancellationToken);

    public Task<string?> StopAsync(CancellationToken cancellationToken) =>
        ExecuteAsync(KnownResourceCommands.StopCommand, cancellationToken);

    public Task ShowAsync(string decision, bool gaveUp) => notifications.PublishUpdateAsync(resource, id, snapshot => snapshot with
    {
        Properties = [.. snapshot.Properties.Where(property => property.Name != Property), new ResourcePropertySnapshot(Property, decision)],
        State = gaveUp ? new ResourceStateSnapshot(KnownResourceStates.FailedToStart, "error") : snapshot.State,
    });

    private async Task<string?> ExecuteAsync(string command, CancellationToken cancellationToken)
    {
        var result = await commands.ExecuteCommandAsync(id, command, cancellationToken);
        return result.Success ? null : result.ErrorMessage ?? "cancelled";
    }
}
