using System.Collections.Concurrent;
using System.Threading.Channels;
using Pipeline.Orchestrator.Routes;

namespace Pipeline.Tests.Orchestrator.Fakes;

/// <summary>Every address answers, except those marked as silent.</summary>
internal sealed class FakeProbe : IHealthProbe
{
    private readonly Channel<string> _probed = Channel.CreateUnbounded<string>();

    public ConcurrentDictionary<string, bool> Silent { get; } = new();

    public Task<bool> AnswersAsync(string address, CancellationToken cancellationToken)
    {
        _probed.Writer.TryWrite(address);
        return Task.FromResult(!Silent.ContainsKey(address));
    }

    public Task<IReadOnlySet<string>> FindSilentAsync(IReadOnlyCollection<string> addresses) =>
        Task.FromResult<IReadOnlySet<string>>(addresses.Where(Silent.ContainsKey).ToHashSet());

    /// <summary>Waits until this address has been probed.</summary>
    public async Task ProbedAsync(string address)
    {
        using var limit = new CancellationTokenSource(Waiting.Limit);
        while (await _probed.Reader.ReadAsync(limit.Token) != address)
        {
            // Another one.
        }
    }
}
