using System.Diagnostics;
using Pipeline.Orchestrator.Service;
using Pipeline.Stages.Parse;

namespace Pipeline.Tests.ServiceDefaults.Hosting;

public sealed class HostArgumentsTests : FolderTests
{
    private const string Root = "Content root path: ";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static TheoryData<string> Services =>
        [typeof(Pipeline.Broker.BrokerHost).Assembly.Location, typeof(ParseStage).Assembly.Location, typeof(OrchestratorService).Assembly.Location];

    [Theory]
    [MemberData(nameof(Services))]
    public async Task Service_SettingsOfAnotherProgramInTheWorkingDirectory_ReadsThoseOfItsOwnFolderAndWatchesNothing(string program)
    {
        Write("appsettings.json", "no JSON");
        using var process = Programs.Start(new ProcessStartInfo("dotnet", [program])
        {
            WorkingDirectory = Folder,
            Environment =
            {
                ["PIPELINE_KEY"] = "key",
                ["PIPELINE_DATA"] = Folder,
                ["PIPELINE_ENDPOINT_FILE"] = InFolder("endpoint.json"),
                ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
                ["PIPELINE_GRPC_PORT"] = "0",
            },
        });
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
