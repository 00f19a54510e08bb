using System.Collections.Immutable;
using Pipeline.Contracts.Broker.V1;

namespace Pipeline.Orchestrator.Routes;

/// <summary>Registrations whose process did not answer when it was asked. A new registration of the same instance is not suspect.</summary>
internal sealed class SuspectList(IHealthProbe probe, TimeProvider time)
{
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(1);
    private ImmutableDictionary<(string Id, long Lease, string Address), Instance> _suspects = ImmutableDictionary<(string, long, string), Instance>.Empty;

    /// <summary>True where this registration is not to be used.</summary>
    public bool Contains(Instance instance) => _suspects.ContainsKey(KeyOf(instance));

    /// <summary>Asks every instance, and suspects those that do not answer.</summary>
    /// <returns>The new suspects.</returns>
    public async Task<IReadOnlyList<Instance>> ExamineAsync(IEnumerable<Instance> instances, CancellationToken cancellationToken)
    {
        var asked = await Task.WhenAll(
            instances.Select(async instance => (Instance: instance, Answers: await probe.AnswersAsync(instance.Address, cancellationToken))));
        var silent = asked.Where(one => !one.Answers).Select(one => one.Instance).ToList();
        foreach (var instance in silent)
            ImmutableInterlocked.TryAdd(ref _suspects, KeyOf(instance), instance);
        return silent;
    }

    /// <summary>Returns when a suspect that is still registered answers again, and is none any more: its process may have been stopped for a while.</summary>
    /// <param name="registered">The present registrations; suspects that are not among them are forgotten.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task RecoveryAsync(IEnumerable<Instance> registered, CancellationToken cancellationToken)
    {
        var keys = registered.Select(KeyOf).ToHashSet();
        ImmutableInterlocked.Update(ref _suspects, suspects => suspects.RemoveRange(suspects.Keys.Where(key => !keys.Contains(key))));
        while (true)
        {
            await Task.Delay(_suspects.IsEmpty ? Timeout.InfiniteTimeSpan : ProbeInterval, time, cancellationToken);
            var asked = await Task.WhenAll(_suspects.Select(async one => (one.Key, Answers: await probe.AnswersAsync(one.Value.Address, cancellationToken))));
            var answering = asked.Where(one => one.Answers).Select(one => one.Key).ToList();
            if (answering.Count == 0)
                continue;
            ImmutableInterlocked.Update(ref _suspects, suspects => suspects.RemoveRange(answering));
            return;
        }
    }

    private static (string Id, long Lease, string Address) KeyOf(Instance instance) => (instance.InstanceId, instance.LeaseId, instance.Address);
}
