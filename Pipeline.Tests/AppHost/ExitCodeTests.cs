using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Pipeline.Tests.AppHost;

/// <summary>The AppHost as a script sees it: exit code and output of errors found before any service is started.</summary>
public sealed class ExitCodeTests : FolderTests
{
    private const string Missing = "/no/such/file";

    [Theory]
    [InlineData(2, "error: unknown option '--bogus'; --help shows the options", "--bogus")]
    [InlineData(2, $"error: --input cannot be read: there is no file or directory {Missing}", "--input", Missing, "--exit")]
    [InlineData(1, "error: Pipeline:Services:parse:Replicas must be 0 to 64, not -1", "--Pipeline:Services:parse:Replicas=-1")]
    [InlineData(
        1, "error: Pipeline:Processes:own:Directory: there is no directory 'none'",
        "--Pipeline:Processes:own:Command=sh", "--Pipeline:Processes:own:Directory=none")]
    [InlineData(
        1,
        "error: Failed to convert configuration value 'yes' at 'DcpPublisher:RandomizePorts' to type 'System.Boolean'.",
        "--DcpPublisher:RandomizePorts=yes")]
    public async Task Start_WrongOptionPathOrSetting_WritesOneErrorLine(int exitCode, string line, params string[] args)
    {
        var (code, output, error) = await RunAsync([.. args.Select(Systems.Absolute)]);

        var expected = line.Replace(Missing, Path.GetFullPath(Systems.Absolute(Missing)), StringComparison.Ordinal);
        Assert.Equal((exitCode, "", expected + Environment.NewLine), (code, output, error));
    }

    [Fact]
    public async Task Start_WrongOptionPathAndSetting_WritesAllInOneGo()
    {
        var (code, output, error) = await RunAsync("--bogus", "--input", "none", "--output", "none/out", "--Pipeline:Services:parse:Replicas=-1");

        Assert.Equal((2, ""), (code, output));
        Assert.Collection(
            error.TrimEnd().Split(Environment.NewLine),
            line => Assert.StartsWith("error: unknown option '--bogus'; ", line, StringComparison.Ordinal),
            line => Assert.StartsWith("error: --input cannot be read: there is no", line, StringComparison.Ordinal),
            line => Assert.StartsWith("error: --output must lie in", line, StringComparison.Ordinal),
            line => Assert.StartsWith("error: Pipeline:Services:parse:Replicas must be", line, StringComparison.Ordinal));
        Assert.Empty(Directory.GetFileSystemEntries(Folder));
    }

    [Fact]
    public async Task Start_PortsInUse_WritesAnErrorLineForEachNamingPortAndService()
    {
        using TcpListener first = new(IPAddress.Loopback, 0), second = new(IPAddress.Loopback, 0);
        first.Start();
        second.Start();
        var (broker, orchestrator) = (((IPEndPoint)first.LocalEndpoint).Port, ((IPEndPoint)second.LocalEndpoint).Port);

        var (code, output, error) = await RunAsync(
            "--exit", $"--Pipeline:Services:broker:Port={broker}", $"--Pipeline:Services:orchestrator:Port={orchestrator}");

        Assert.Equal((1, ""), (code, output));
        Assert.Collection(
            error.TrimEnd().Split(Environment.NewLine),
            line => Assert.StartsWith($"error: port {broker} is in use, and broker needs it", line, StringComparison.Ordinal),
            line => Assert.StartsWith($"error: port {orchestrator} is in use, and orchestrator needs it", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Start_SettingsOfAnotherProgramInTheWorkingDirectory_AreNotRead()
    {
        Write("appsettings.json", "no JSON");

        var (code, _, error) = await RunAsync("--Pipeline:Services:sink:Replicas=-1");

        Assert.Equal((1, $"error: Pipeline:Services:sink:Replicas must be 0 to 64, not -1{Environment.NewLine}"), (code, error));
    }

    [Fact]
    public async Task Start_HelpOption_PrintsTheOptionsAndExitsWithZero()
    {
        var (code, output, error) = await RunAsync("--help");

        Assert.Equal((0, ""), (code, error));
        Assert.Contains("--batch-size", output, StringComparison.Ordinal);
    }

    private Task<(int Code, string Output, string Error)> RunAsync(params string[] args) => Programs.RunAsync(
        new ProcessStartInfo("dotnet", [typeof(Projects.Pipeline_AppHost).Assembly.Location, .. args]) { WorkingDirectory = Folder });
}
