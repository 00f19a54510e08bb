using System.Collections.Concurrent;
using Pipeline.Orchestrator.Routes;

namespace Pipeline.Tests.Orchestrator.Fakes;

/// <summary>Everybody answers but those named.</summary>
internal sealed class FakeProbe : IHealthProbe
{
    public ConcurrentDictionary<string, bool> Silent { get; } = new();

    public Task<bool> AnswersAsync(string address, CancellationToken cancellationToken) => Task.FromResult(!Silent.ContainsKey(address));
}
