using System.Diagnostics;
using Pipeline.Orchestrator.Service;
using Pipeline.Stages.Parse;
using Pipeline.Tests.Stages.Ingest;

namespace Pipeline.Tests.ServiceDefaults.Hosting;

public sealed class HostArgumentsTests : IDisposable
{
    private const string Root = "Content root path: ";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // The working directory of a service, and its data directory.
    private readonly TemporaryFolder _data = new();

    public static TheoryData<string> Programs =>
        [typeof(Pipeline.Broker.BrokerHost).Assembly.Location, typeof(ParseStage).Assembly.Location, typeof(OrchestratorService).Assembly.Location];

    public void Dispose() => _data.Dispose();

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task Service_SettingsOfAnotherProgramInTheWorkingDirectory_ReadsThoseOfItsOwnFolderAndWatchesNothing(string program)
    {
        await File.WriteAllTextAsync(Path.Combine(_data.Path, "appsettings.json"), "no JSON");
        using var process = Process.Start(new ProcessStartInfo("dotnet", [program])
        {
            WorkingDirectory = _data.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["PIPELINE_KEY"] = "key",
                ["PIPELINE_DATA"] = _data.Path,
                ["PIPELINE_ENDPOINT_FILE"] = Path.Combine(_data.Path, "endpoint.json"),
                ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
                ["PIPELINE_GRPC_PORT"] = "0",
            },
        })!;
        try
        {
            string? line;
            do
            {
                line = await process.StandardOutput.ReadLineAsync().WaitAsync(Patience);
            }
            while (line?.Contains(Root, StringComparison.Ordinal) == false);

            if (line is null)
                Assert.Fail(await process.StandardError.ReadToEndAsync().WaitAsync(Patience));
            Assert.EndsWith($"{Root}{Path.GetDirectoryName(program)}", line.TrimEnd(Path.DirectorySeparatorChar), StringComparison.Ordinal);
            if (OperatingSystem.IsLinux())
                Assert.DoesNotContain("anon_inode:inotify", Descriptors(process.Id));
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    // Some are closed meanwhile.
    private static IEnumerable<string?> Descriptors(int process) =>
        Directory.GetFileSystemEntries($"/proc/{process}/fd").Select(path => new FileInfo(path).LinkTarget);
}
