using System.Diagnostics;

namespace Pipeline.Tests;

/// <summary>Waits for what must happen.</summary>
internal static class Waiting
{
    /// <summary>How long a test waits for what takes no process.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    /// <summary>Polls a state that nothing notifies of, such as that of another process.</summary>
    /// <param name="holds">What must become true.</param>
    /// <param name="what">What is waited for, to be read after "waited in vain for".</param>
    /// <param name="patience">When the test fails; none: after <see cref="Limit"/>.</param>
    public static async Task UntilAsync(Func<bool> holds, string what, TimeSpan? patience = null)
    {
        for (var began = Stopwatch.GetTimestamp(); !holds(); await Task.Delay(Interval))
            Assert.True(Stopwatch.GetElapsedTime(began) < (patience ?? Limit), $"waited in vain for {what}");
    }

    /// <summary>Waits for a file, which is made by another process or renamed to its name.</summary>
    public static async Task ForFileAsync(string path, TimeSpan? patience = null)
    {
        var folder = Directory.CreateDirectory(Path.GetDirectoryName(path)!).FullName;
        var there = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var watcher = new FileSystemWatcher(folder);
        watcher.Created += (_, _) => Look();
        watcher.Renamed += (_, _) => Look();
        watcher.EnableRaisingEvents = true;
        Look();
        await there.Task.WaitAsync(patience ?? Limit);

        void Look()
        {
            if (File.Exists(path))
                there.TrySetResult();
        }
    }
}
