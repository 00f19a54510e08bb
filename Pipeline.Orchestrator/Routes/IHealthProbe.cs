namespace Pipeline.Orchestrator.Routes;

/// <summary>Asks an instance whether it is alive.</summary>
internal interface IHealthProbe
{
    /// <summary>True where its health service answers in time that it serves.</summary>
    Task<bool> AnswersAsync(string address, CancellationToken cancellationToken);
}
