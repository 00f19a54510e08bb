using System.Diagnostics;

namespace Pipeline.Tests;

/// <summary>Waits for what must happen.</summary>
internal static class Waiting
{
    /// <summary>How long a test waits for what takes no process.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    /// <summary>Polls a state that nothing notifies of, such as that of another process.</summary>
    /// <param name="holds">What must become true.</param>
    /// <param name="what">What is waited for, to be read after "waited in vain for".</param>
    /// <param name="patience">When the test fails.</param>
    public static async Task UntilAsync(Func<bool> holds, string what, TimeSpan patience)
    {
        for (var began = Stopwatch.GetTimestamp(); !holds(); await Task.Delay(Interval))
            Assert.True(Stopwatch.GetElapsedTime(began) < patience, $"waited in vain for {what}");
    }
}
