using System.Diagnostics;
using System.Globalization;

namespace Pipeline.Tests.LocalHost.Processes;

public sealed class WatchdogTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("watchdog").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task No_process_outlives_a_host_that_is_killed()
    {
        using var host = Start(
            "--Pipeline:Demo=false",
            "--DcpPublisher:RandomizePorts=true",
            $"--Pipeline:Data={_directory}",
            "--Pipeline:Processes:own:Command=sh",
            "--Pipeline:Processes:own:Arguments:0=-c",
            "--Pipeline:Processes:own:Arguments:1=setsid sleep 1000 & echo pid $!; (sleep 1000 & echo pid $!); echo pid $$; exec sleep 1000");
        List<Process> processes = [];
        while (processes.Count < 3)
        {
            var line = await host.StandardOutput.ReadLineAsync().WaitAsync(LocalApplication.Patience)
                ?? throw new InvalidOperationException("the host ended: " + await host.StandardError.ReadToEndAsync());
            if (line.StartsWith("own ", StringComparison.Ordinal) && line.Split("| pid ") is [_, var pid])
                processes.Add(Process.GetProcessById(int.Parse(pid, CultureInfo.InvariantCulture)));
        }

        var services = Directory.GetDirectories("/proc")
            .Where(directory => int.TryParse(Path.GetFileName(directory), out _) && ParentOf(directory) == host.Id)
            .Select(directory => Process.GetProcessById(int.Parse(Path.GetFileName(directory), CultureInfo.InvariantCulture)))
            .ToList();
        Assert.True(services.Count > 2);

        host.Kill();

        foreach (var process in processes.Concat(services))
            await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(10));
    }

    private static int ParentOf(string directory)
    {
        try
        {
            // "pid (name) state parent ..."; the name may hold anything.
            var stat = File.ReadAllText(Path.Combine(directory, "stat"));
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static Process Start(params string[] args) => Process.Start(
        new ProcessStartInfo("dotnet", [typeof(Projects.Pipeline_AppHost).Assembly.Location, .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
}
