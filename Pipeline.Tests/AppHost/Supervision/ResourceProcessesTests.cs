using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.AppHost.Configuration;
using Pipeline.AppHost.Supervision;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Tests.AppHost.Supervision;

public sealed class ResourceProcessesTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly PipelineDirectories _directories = new($"/no/such/{Guid.NewGuid()}", "");
    private readonly ResourceProcesses _processes;
    private readonly List<Process> _started = [];

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

    [UnixFact]
    public async Task KillAll_TreesRunning_KillsThem()
    {
        var (root, child) = await StartAsync("own");

        _processes.KillAll();

        await UntilGoneAsync(root);
        await UntilGoneAsync(child);
    }

    [LinuxFact]
    public async Task IsBelow_Descendant_IsTrue()
    {
        var (root, child) = await StartAsync("own");

        Assert.True(ResourceProcesses.IsBelow(root, root));
        Assert.True(ResourceProcesses.IsBelow(child, root));
        Assert.False(ResourceProcesses.IsBelow(root, child));
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

    private async Task<(ProcessIdentity Root, ProcessIdentity Child)> StartAsync(string resource)
    {
        var (process, child) = await LaunchAsync();
        var running = new InstanceState(InstancePhase.Running, process.Id, Address: new Uri($"http://{resource}"));
        return (_processes.Observe(resource, $"{resource}-1", running)!.Value, child);
    }

    private async Task<(Process Root, ProcessIdentity Child)> LaunchAsync()
    {
        var start = new ProcessStartInfo("sh", ["-c", "sleep 1000 & echo $!; wait"]) { RedirectStandardOutput = true };
        start.Environment[AppHostWatch.Variable] = ResourceProcesses.Mark(_directories);
        var process = Process.Start(start)!;
        _started.Add(process);
        var child = int.Parse((await process.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
        return (process, ProcessIdentity.Find(child)!.Value);
    }

    private static async Task UntilGoneAsync(ProcessIdentity process)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (process.IsAlive)
            await Task.Delay(5, patience.Token);
    }
}
