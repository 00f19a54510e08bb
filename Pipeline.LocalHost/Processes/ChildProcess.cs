using System.Diagnostics;

namespace Pipeline.LocalHost.Processes;

/// <summary>A started process, from its start until nothing of it is left.</summary>
internal sealed class ChildProcess
{
    /// <summary>How long a process may take to end after it was asked to.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(6);

    /// <summary>How often a tree is looked at while it ends: nothing tells when the last process of a group is gone.</summary>
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);

    /// <summary>How long output may go on after its process: something may hold it open that could not be killed.</summary>
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(2);

    private readonly Process _process;
    private readonly ProcessTree _tree;
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource _stopping = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ChildProcess(Process process, ProcessTree tree, TimeProvider time)
    {
        _process = process;
        _tree = tree;
        _time = time;
        Id = process.Id;
    }

    public int Id { get; }

    /// <summary>Ends when nothing of the process is left and its output is read.</summary>
    public required Task<int> Exit { get; init; }

    public static async Task<ChildProcess> StartAsync(
        ProcessHost host,
        ProcessStartInfo start,
        Action<string, bool> output,
        TimeProvider time)
    {
        var mark = host.NextMark();
        start.Environment[ProcessTree.MarkVariable] = mark;
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        var process = await host.StartAsync(start);
        process.StandardInput.Close();

        var tree = new ProcessTree(process, mark);
        var reading = Task.WhenAll(
            OutputReader.ReadAsync(process.StandardOutput, line => output(line, false)),
            OutputReader.ReadAsync(process.StandardError, line => output(line, true)));
        var exit = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var child = new ChildProcess(process, tree, time) { Exit = exit.Task };
        _ = child.WatchAsync(host, reading, exit);
        return child;
    }

    /// <summary>Asks the tree to end, and after <see cref="Grace"/> ends it.</summary>
    public async Task StopAsync()
    {
        if (_stopping.TrySetResult())
            _tree.Terminate();
        await Exit;
    }

    private async Task WatchAsync(ProcessHost host, Task reading, TaskCompletionSource<int> exit)
    {
        try
        {
            await Task.WhenAny(_process.WaitForExitAsync(), _stopping.Task);
            if (_stopping.Task.IsCompleted)
            {
                var asked = _time.GetTimestamp();
                while (_tree.IsAlive && _time.GetElapsedTime(asked) < Grace)
                    await Task.Delay(Glance, _time);
            }

            _tree.Kill();
            await _process.WaitForExitAsync();
            host.Ended(Id);
            await Task.WhenAny(reading, Task.Delay(DrainTime, _time));
            exit.SetResult(_process.ExitCode);
        }
        catch (Exception exception)
        {
            exit.SetException(exception);
        }
    }
}
