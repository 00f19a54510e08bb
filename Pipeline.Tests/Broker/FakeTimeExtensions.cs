using Microsoft.Extensions.Time.Testing;

namespace Pipeline.Tests.Broker;

internal static class FakeTimeExtensions
{
    /// <summary>Lets time pass as it does for a process that runs: a single leap would be a pause of the process.</summary>
    public static void Pass(this FakeTimeProvider time, TimeSpan span)
    {
        var step = TimeSpan.FromMilliseconds(50);
        for (var passed = TimeSpan.Zero; passed < span; passed += step)
            time.Advance(span - passed < step ? span - passed : step);
    }
}
