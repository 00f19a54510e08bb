using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.AppHost.Configuration;
using Pipeline.AppHost.Supervision;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Tests.AppHost.Supervision;

public sealed class ResourceProcessesTests : IDisposable
{
    private readonly PipelineDirectories _directories = new($"/no/such/{Guid.NewGuid()}", "", []);
    private readonly ResourceProcesses _processes;
    private readonly List<Process> _started = [];

    private string Mark => $"{AppHostWatch.Variable}={ResourceProcesses.Mark(_directories)}";

    public ResourceProcessesTests() =>
        _processes = new ResourceProcesses(_directories, TimeProvider.System, NullLogger<ResourceProcesses>.Instance);

    public void Dispose()
    {
        _processes.KillAll();
        _processes.Dispose();
        _started.ForEach(process => process.Dispose());
    }

    [LinuxFact]
    public async Task KillOrphans_RootCrashed_KillsItsChildrenAndNoOthers()
    {
        var (root, child) = await StartAsync("own");
        var (other, othersChild) = await StartAsync("other");
        using (var process = Process.GetProcessById(root.Id))
            process.Kill();
        await UntilGoneAsync(root);
        Assert.True(child.IsAlive);

        _processes.KillOrphans();

        await UntilGoneAsync(child);
        Assert.True(other.IsAlive && othersChild.IsAlive);
    }

    [LinuxFact]
    public async Task KillOrphans_RootWasKilled_DeletesTheRuntimesSocketsOfItAndNoOthers()
    {
        var ((root, _), (other, _)) = (await StartAsync("own"), await StartAsync("other"));
        string[] names = ["dotnet-diagnostic-{0}-{1}-socket", "clr-debug-pipe-{0}-{1}-in", "clr-debug-pipe-{0}-{1}-out"];
        string[] PathsOf(int id, long start) =>
            [.. names.Select(name => Path.Join(Path.GetTempPath(), string.Format(CultureInfo.InvariantCulture, name, id, start)))];
        string[] kept = [.. PathsOf(other.Id, other.Start), .. PathsOf(root.Id, root.Start + 1)];
        foreach (var path in PathsOf(root.Id, root.Start).Concat(kept))
            await File.WriteAllTextAsync(path, "");
        root.Kill(entireTree: false);
        await UntilGoneAsync(root);

        _processes.KillOrphans();

        Assert.All(kept, path => Assert.True(File.Exists(path)));
        Assert.All(PathsOf(root.Id, root.Start), path => Assert.False(File.Exists(path)));
        Array.ForEach(kept, File.Delete);
    }

    [LinuxFact]
    public async Task KillOrphans_FirstRootCrashedBeforeItWasSeen_KillsItsChildrenOnceAnotherWasSeen()
    {
        var (root, child) = await LaunchAsync();
        root.Kill();
        await UntilGoneAsync(ProcessIdentity.Find(root.Id) ?? default);
        Assert.Null(_processes.Observe("own", "own-1", new InstanceState(InstancePhase.Running, root.Id)));
        _processes.KillOrphans();
        Assert.True(child.IsAlive);

        var (other, othersChild) = await StartAsync("other");
        _processes.KillOrphans();

        await UntilGoneAsync(child);
        Assert.True(other.IsAlive && othersChild.IsAlive);
    }

    [LinuxFact]
    public async Task KillOrphans_ChildWithoutEnvironmentForAMoment_IsKilledAtALaterLook()
    {
        // As within execve(2), only longer.
        using var folder = new TestFolder();
        var go = Path.Combine(folder.Path, "go");
        Fifo.Create(go);
        var (root, child) = await StartAsync("own", "env -i sh -c 'read go < \"$1\"; exec env \"$0\" sleep 1000' \"$0\" \"$1\" & echo $!; wait", Mark, go);
        await Waiting.UntilAsync(
            () => ProcFile(child, "cmdline").StartsWith("sh\0-c\0read", StringComparison.Ordinal) && ProcFile(child, "environ").Length == 0, "the child");
        root.Kill(entireTree: false);
        await UntilGoneAsync(root);

        _processes.KillOrphans();
        Assert.True(child.IsAlive);
        await File.WriteAllTextAsync(go, "go\n");
        await Waiting.UntilAsync(() => ProcFile(child, "environ").Contains(Mark, StringComparison.Ordinal), "the mark of the child");
        _processes.KillOrphans();

        await UntilGoneAsync(child);
    }

    [LinuxFact]
    public async Task KillOrphans_ParentWithoutEnvironmentForAMoment_LeavesItsChildren()
    {
        var (root, child) = await StartAsync("own", "exec env -i sh -c 'env \"$0\" sleep 1000 & echo $!; wait' \"$0\"", Mark);
        await Waiting.UntilAsync(
            () => ProcFile(root, "environ").Length == 0 && ProcFile(child, "cmdline").StartsWith("sleep", StringComparison.Ordinal), "the child");
        var (other, othersChild) = await StartAsync("other");
        other.Kill(entireTree: false);
        await UntilGoneAsync(other);

        _processes.KillOrphans();

        await UntilGoneAsync(othersChild);
        Assert.True(root.IsAlive && child.IsAlive);
    }

    [UnixFact]
    public async Task KillAll_TreesRunning_KillsThem()
    {
        var (root, child) = await StartAsync("own");

        _processes.KillAll();

        await UntilGoneAsync(root);
        await UntilGoneAsync(child);
    }

    [LinuxFact]
    public async Task WithAncestors_Descendant_HasTheRoot()
    {
        var (root, child) = await StartAsync("own");

        Assert.Contains(root, ResourceProcesses.WithAncestors(root));
        Assert.Contains(root, ResourceProcesses.WithAncestors(child));
        Assert.DoesNotContain(child, ResourceProcesses.WithAncestors(root));
    }

    [UnixFact]
    public async Task AddressesOf_ReplicaGone_NamesThoseThatRun()
    {
        await StartAsync("own");
        var (gone, _) = await StartAsync("other");
        Assert.Equal([new Uri("http://own")], _processes.AddressesOf("own"));

        gone.Kill();
        await UntilGoneAsync(gone);

        Assert.Empty(_processes.AddressesOf("other"));
    }

    [UnixFact]
    public async Task Observe_AddressOfKnownProcessChanged_TakesIt()
    {
        var (process, _) = await StartAsync("own");

        _processes.Observe("own", "own-1", new InstanceState(InstancePhase.Running, process.Id, Address: new Uri("http://moved")));

        Assert.Equal([new Uri("http://moved")], _processes.AddressesOf("own"));
    }

    [LinuxFact]
    public async Task ApiServer_ReplicaSeen_IsTheParentOfWhatStartedIt()
    {
        Assert.Null(_processes.ApiServer);
        await StartAsync("own");

        Assert.Equal(ProcessStatus.Read(Environment.ProcessId)?.Parent, _processes.ApiServer?.Id);
    }

    private async Task<(ProcessIdentity Root, ProcessIdentity Child)> StartAsync(string resource, params string[] command)
    {
        var (process, child) = await LaunchAsync(command);
        var running = new InstanceState(InstancePhase.Running, process.Id, Address: new Uri($"http://{resource}"));
        return (_processes.Observe(resource, $"{resource}-1", running)!.Value, child);
    }

    private async Task<(Process Root, ProcessIdentity Child)> LaunchAsync(params string[] command)
    {
        var start = new ProcessStartInfo("sh", ["-c", .. command.DefaultIfEmpty("sleep 1000 & echo $!; wait")]) { RedirectStandardOutput = true };
        start.Environment[AppHostWatch.Variable] = ResourceProcesses.Mark(_directories);
        var process = Process.Start(start)!;
        _started.Add(process);
        var child = int.Parse((await process.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
        return (process, ProcessIdentity.Find(child)!.Value);
    }

    private static string ProcFile(ProcessIdentity process, string name) => File.ReadAllText($"/proc/{process.Id}/{name}");

    private static Task UntilGoneAsync(ProcessIdentity process) => Waiting.UntilAsync(() => !process.IsAlive, "the end of the process");
}
