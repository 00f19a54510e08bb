using System.Diagnostics;
using System.Runtime.Versioning;
using Aspire.Hosting;
using Pipeline.AppHost;
using Pipeline.Cli;
using Pipeline.Client.Runs;
using Pipeline.ServiceDefaults.Endpoints;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Tests.AppHost.Publishing;

/// <summary>The application as units of systemd; written by the AppHost as a process of its own.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class SystemdTests : FolderTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly List<Process> _processes = [];

    public override void Dispose()
    {
        foreach (var process in _processes)
        {
            if (!process.HasExited)
            {
                process.Kill();
                process.WaitForExit();
            }

            process.Dispose();
        }

        base.Dispose();
    }

    [LinuxFact]
    public async Task Publish_Systemd_WritesUnitsOfTheModelWithoutSecrets()
    {
        Directory.CreateDirectory(Units);
        await File.WriteAllTextAsync(Path.Combine(Units, "pipeline-former.service"), "[Unit]\nDescription=Pipeline: former\n");
        var other = Path.Combine(Units, "pipeline-other.service");
        await File.WriteAllTextAsync(other, "[Unit]\nDescription=Another program's\n");
        await PublishAsync(
            "--Pipeline:Key=hidden1",
            "--Pipeline:Roots:0=/srv/a b",
            "--Pipeline:Services:parse:Replicas=2",
            "--Pipeline:Services:rules:Replicas=0",
            "--Pipeline:Services:orchestrator:Environment:Cluster__ConnectionString=hidden2",
            "--Pipeline:Services:orchestrator:Environment:Cluster__Provider=Redis",
            "--Orchestrator:Lanes=3",
            "--Pipeline:Processes:audit:Role=audit",
            "--Pipeline:Processes:audit:BuiltIn=log",
            "--Pipeline:Processes:own:Command=/bin/sh",
            "--Pipeline:Processes:own:Arguments:0=a $b %c",
            "--Pipeline:Processes:own:Environment:HF_TOKEN=hidden3",
            "--Pipeline:Processes:own:Environment:Service__ApiKey=hidden4",
            "--Pipeline:Processes:own:Environment:ConnectionStrings__Main=hidden5",
            "--Pipeline:Processes:own:Environment:DATABASE_URL=postgres://user:hidden6@host/db");

        Assert.True(File.Exists(other));
        File.Delete(other);
        var files = Directory.GetFiles(Units).ToDictionary(file => Path.GetFileName(file)!, File.ReadAllText);
        Assert.Equal(
            ["README.md", "pipeline-aggregate@.service", "pipeline-audit@.service", "pipeline-broker.service", "pipeline-ingest@.service",
                "pipeline-orchestrator.service", "pipeline-own.service", "pipeline-parse@.service", "pipeline-rules@.service",
                "pipeline-sink@.service", "pipeline.env", "pipeline.target", "secrets.env"],
            files.Keys.Order(StringComparer.Ordinal));
        Assert.DoesNotContain(files.Values, text => text.Contains("hidden", StringComparison.Ordinal));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(Units, "secrets.env")));
        Assert.Contains("\nPIPELINE_KEY=\n", files["secrets.env"], StringComparison.Ordinal);
        Assert.Contains("\nHF_TOKEN=\n", files["secrets.env"], StringComparison.Ordinal);
        Assert.Contains("\nDATABASE_URL=\n", files["secrets.env"], StringComparison.Ordinal);
        Assert.Contains("PIPELINE_DATA=/var/lib/pipeline\nPIPELINE_ROOTS=\"/var/lib/pipeline:/srv/a b\"\n", files["pipeline.env"], StringComparison.Ordinal);
        Assert.Contains("ExecStart=/bin/sh \"a $$b %%c\"\n", files["pipeline-own.service"], StringComparison.Ordinal);
        Assert.Contains("Environment=Cluster__Provider=Redis\n", files["pipeline-orchestrator.service"], StringComparison.Ordinal);
        Assert.Contains("Environment=Orchestrator__Lanes=3\n", files["pipeline-orchestrator.service"], StringComparison.Ordinal);
        Assert.Contains("Environment=Bridge__BuiltIn=log\n", files["pipeline-audit@.service"], StringComparison.Ordinal);
        Assert.Contains(
            "After=network-online.target pipeline-broker.service\nBefore=pipeline-orchestrator.service\n",
            files["pipeline-parse@.service"],
            StringComparison.Ordinal);
        Assert.All(
            files.Where(file => file.Key.EndsWith(".service", StringComparison.Ordinal)).Select(file => file.Value),
            unit => Assert.Contains("\nRequiresMountsFor=\"/srv/a b\"\n", unit, StringComparison.Ordinal));
        Assert.Contains(
            "pipeline-ingest@1.service pipeline-parse@1.service pipeline-parse@2.service pipeline-aggregate@1.service pipeline-sink@1.service "
            + "pipeline-audit@1.service pipeline-own.service pipeline-orchestrator.service",
            files["README.md"],
            StringComparison.Ordinal);
        Assert.DoesNotContain("pipeline-rules@1", files["README.md"], StringComparison.Ordinal);
        if (File.Exists("/usr/bin/systemd-analyze"))
            Assert.Equal((0, ""), await VerifyAsync());
    }

    [LinuxFact]
    public async Task Publish_FolderIsAFile_FailsWithOneLine()
    {
        await File.WriteAllTextAsync(Units, "");

        var (code, _, error) = await TryPublishAsync();

        Assert.Equal(1, code);
        Assert.StartsWith("error: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task Units_StartedWithoutAppHost_MakeARunAndStopOnSigterm()
    {
        var data = Directory.CreateDirectory(InFolder("data")).FullName;
        await PublishAsync(
            $"--Pipeline:Data={data}", $"--Pipeline:Services:broker:Port={FreePort.Find()}", $"--Pipeline:Services:orchestrator:Port={FreePort.Find()}");
        var services = Directory.GetFiles(Units, "*.service").Order(StringComparer.Ordinal).ToDictionary(unit => Path.GetFileName(unit)!, Start);
        var settings = Settings(Path.Combine(Units, "pipeline.env"));
        var (input, split, whole) = (Path.Combine(data, "in.ndjson"), Path.Combine(data, "split.ndjson"), Path.Combine(data, "whole.ndjson"));
        Assert.Equal(ExitCodes.Ok, await CommandAsync("generate", "--count", "20000", "--workload", "mixed", "--output", input));
        Assert.Equal(ExitCodes.Ok, await CommandAsync("run", "--monolith", "--input", input, "--output", whole));

        await Waiting.ForFileAsync(settings[EndpointFile.Variable], Patience);
        Assert.Equal(ExitCodes.Ok, await CommandAsync("run", "--input", input, "--output", split));

        Assert.Equal(await File.ReadAllBytesAsync(whole), await File.ReadAllBytesAsync(split));
        // The order that After= and Before= give.
        foreach (var (name, service) in services.OrderBy(
            service => service.Key switch { "pipeline-orchestrator.service" => 0, "pipeline-broker.service" => 2, _ => 1 }))
        {
            Assert.Null(ProcessIdentity.Find(service.Id)!.Value.Send(ProcessSignal.Terminate));
            var (code, _, error) = await service.EndAsync();
            Assert.Equal((name, 0, ""), (name, code, error));
        }

        async Task<int> CommandAsync(params string[] args)
        {
            using var output = new StringWriter();
            using var error = new StringWriter();
            var code = await CommandLine.RunAsync(args, new Terminal(output, error), name => settings.GetValueOrDefault(name)).WaitAsync(Patience);
            Assert.True(code == ExitCodes.Ok, $"{error}");
            return code;
        }
    }

    private string Units => InFolder("units");

    // As systemd starts them; the programs are those of the build.
    private Process Start(string unit)
    {
        var lines = File.ReadAllLines(unit).Select(line => line.Split('=', 2)).Where(pair => pair.Length == 2).ToLookup(pair => pair[0], pair => pair[1]);
        var command = lines["ExecStart"].Single().Split(' ');
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = lines["WorkingDirectory"].Single(),
        };
        start.Environment.Clear();
        foreach (var (name, value) in lines["Environment"].Select(pair => pair.Split('=', 2)).Select(pair => (pair[0], pair[1])))
            start.Environment[name] = value;
        foreach (var (name, value) in Settings(Path.Combine(Units, "pipeline.env")))
            start.Environment[name] = value;
        start.Environment["PIPELINE_KEY"] = "key";
        start.Environment[ServiceFiles.DotnetRoot] = ServiceFiles.RuntimeFolder;
        var process = Programs.Start(start);
        _processes.Add(process);
        return process;
    }

    private static Dictionary<string, string> Settings(string file) => File.ReadAllLines(file)
        .Where(line => line is not ['#', ..] && line.Contains('=', StringComparison.Ordinal))
        .Select(line => line.Split('=', 2))
        .ToDictionary(pair => pair[0], pair => pair[1].Trim('"'));

    private async Task PublishAsync(params string[] settings)
    {
        var (code, output, error) = await TryPublishAsync(settings);
        Assert.True(code == 0, output + error);
    }

    private Task<(int Code, string Output, string Error)> TryPublishAsync(params string[] settings)
    {
        var install = Directory.CreateDirectory(InFolder("install")).FullName;
        foreach (var project in (IProjectMetadata[])[
            new Projects.Pipeline_Broker(), new Projects.Pipeline_Cli(), new Projects.Pipeline_Orchestrator(),
            new Projects.Pipeline_Stages_Ingest(), new Projects.Pipeline_Stages_Parse(), new Projects.Pipeline_Stages_Rules(),
            new Projects.Pipeline_Stages_Aggregate(), new Projects.Pipeline_Stages_Sink(), new Projects.Pipeline_Stages_Bridge()])
        {
            var built = ServiceFiles.PathOf(project);
            Directory.CreateSymbolicLink(Path.Combine(install, Path.GetFileName(built)), Path.GetDirectoryName(built)!);
        }

        return Programs.RunAsync(new ProcessStartInfo(
            "dotnet",
            [typeof(Projects.Pipeline_AppHost).Assembly.Location, "--operation", "publish", "--step", "systemd", "--output-path", Units,
                $"--Pipeline:Install={install}", .. settings]));
    }

    private async Task<(int Code, string Error)> VerifyAsync()
    {
        // It looks for the instance "i" of a template, and for the accounts of this machine.
        var (code, output, error) = await Programs.RunAsync(new ProcessStartInfo(
            "systemd-analyze",
            ["verify", "--man=no", .. Directory.GetFiles(Units, "pipeline*.*e*").Where(file => !file.EndsWith(".env", StringComparison.Ordinal))]));
        return (code, output + error);
    }
}
