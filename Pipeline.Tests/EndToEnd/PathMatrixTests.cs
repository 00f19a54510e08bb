using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Pipeline.AppHost;
using Pipeline.AppHost.Configuration;
using Pipeline.AppHost.Runs;
using Pipeline.Cli;
using Pipeline.Client.Runs;
using Pipeline.Files;
using Pipeline.Tests.Orchestrator.Fakes;

namespace Pipeline.Tests.EndToEnd;

/// <summary>Every way to name a path against every place that takes one: accepted, or refused before anything is read, with the reason.</summary>
public sealed class PathMatrixTests : FolderTests
{
    private const string Event = """{"ts":"2026-01-01T00:00:00Z","type":"click","user":"a","value":60,"metadata":{}}""";
    private const string Ok = "";
    private const string StaysAsItIs = "is no endpoint file and stays as it is";
    private const string CannotBeUsed = "cannot be used: ";
    private const string NoDirectory = "must lie in a directory that exists";
    private const string NotForAll = "not the same file to every process";

    private readonly List<Socket> _sockets = [];
    private string? _shared;

    public override void Dispose()
    {
        _sockets.ForEach(socket => socket.Dispose());
        base.Dispose();
        if (_shared is not null)
            Directory.Delete(_shared, recursive: true);
    }

    [LinuxTheory]
    [InlineData("absolute", Ok, Ok)]
    [InlineData("relative", Ok, Ok)]
    [InlineData("dot-dot", Ok, Ok)]
    [InlineData("link to file", Ok, "exists")]
    [InlineData("through link to folder", Ok, Ok)]
    [InlineData("dangling link", "does not exist", Ok)]
    [InlineData("hard link", Ok, "exists")]
    [InlineData("descriptor", NotForAll, NotForAll)]
    [InlineData("link to descriptor", NotForAll, NotForAll)]
    [InlineData("proc", NotForAll, NotForAll)]
    [InlineData("device", "is a device", "is a device")]
    [InlineData("fifo", "is a FIFO", "is a FIFO")]
    [InlineData("socket", "is a socket", "is a socket")]
    [InlineData("empty", "must name a file", "must name a file")]
    [InlineData("blank", "must name a file", "must name a file")]
    [InlineData("folder", "holds no", "directory")]
    [InlineData("trailing slash", "there is no file or directory", "must be a file, not the directory")]
    [InlineData("missing folder", "there is no file or directory", NoDirectory)]
    [InlineData("name of 255 bytes", Ok, "cannot be written")]
    [InlineData("not UTF-8", "not UTF-8; rename it", "not UTF-8; rename it")]
    [InlineData("other file system", Ok, Ok)]
    [InlineData("program's own folder", "folder of this program", "folder of this program")]
    public async Task CommandLine_Path_IsAcceptedOrRefused(string kind, string asInput, string asOutput)
    {
        var outcome = await CommandAsync(Make(kind, forInput: true), InFolder("out.ndjson"));
        Check(asInput, outcome);
        if (asInput == Ok)
            Assert.StartsWith("{\"key\":\"click\",\"count\":1", File.ReadAllText(InFolder("out.ndjson")), StringComparison.Ordinal);

        var (good, output) = (WriteEvent("good.ndjson"), Make(kind, forInput: false));
        var before = Snapshot();
        Check(asOutput, await CommandAsync(good, output));
        if (asOutput != Ok)
            Assert.Equal(before, Snapshot());
    }

    [Fact]
    public async Task CommandLine_CompressedOutputWithoutResults_IsAnEmptyGzipMember()
    {
        var (input, output) = (InFolder("bad.ndjson"), InFolder("out.ndjson.gz"));
        await File.WriteAllTextAsync(input, "no event\n");

        Check(Ok, await CommandAsync(input, output));

        Assert.Equal(OutputFiles.EmptyGzip.ToArray(), await File.ReadAllBytesAsync(output));
    }

    [LinuxTheory]
    [InlineData("absolute", Ok, Ok)]
    [InlineData("dot-dot", Ok, Ok)]
    [InlineData("link to file", Ok, "exists")]
    [InlineData("through link to folder", Ok, Ok)]
    [InlineData("hard link", Ok, "exists")]
    [InlineData("descriptor", NotForAll, NotForAll)]
    [InlineData("link to descriptor", NotForAll, NotForAll)]
    [InlineData("proc", NotForAll, NotForAll)]
    [InlineData("empty", "must name a file", "must name a file")]
    [InlineData("relative", "must be an absolute path", "must be an absolute path")]
    [InlineData("trailing slash", "there is no file or directory", "must be a file, not the directory")]
    [InlineData("folder with input", Ok, "must be a file, not the directory")]
    [InlineData("folder", "holds no", "must be a file, not the directory")]
    [InlineData("missing folder", "there is no file or directory", NoDirectory)]
    public async Task HttpApi_Path_IsAcceptedOrRefused(string kind, string asInput, string asOutput)
    {
        await using var served = await ServedOrchestrator.StartAsync();
        Check(asInput, await PostAsync(served, Make(kind, forInput: true), InFolder("out.ndjson")));
        Check(asOutput, await PostAsync(served, WriteEvent("good.ndjson"), Make(kind, forInput: false)));
    }

    [LinuxTheory]
    [InlineData("absolute", Ok, Ok)]
    [InlineData("relative", Ok, Ok)]
    [InlineData("empty", "must name a file", "must name a file")]
    [InlineData("blank", "must name a file", "must name a file")]
    [InlineData("dangling link", "cannot be read", Ok)]
    [InlineData("folder with input", Ok, "must be a file, not the directory")]
    [InlineData("folder", "holds no", "must be a file, not the directory")]
    [InlineData("missing folder", "there is no file or directory", NoDirectory)]
    public void AppHost_Path_IsAcceptedOrRefused(string kind, string asInput, string asOutput)
    {
        Check(asInput, Start("--input", Make(kind, forInput: true)));
        Check(asOutput, Start("--output", Make(kind, forInput: false)));
    }

    [LinuxTheory]
    [InlineData("absolute", Ok)]
    [InlineData("relative", Ok)]
    [InlineData("dot-dot", Ok)]
    [InlineData("folder", Ok)]
    [InlineData("through link to folder", Ok)]
    [InlineData("missing folder", Ok)]
    [InlineData("other file system", Ok)]
    [InlineData("dangling link", CannotBeUsed)]
    [InlineData("link to file", CannotBeUsed + "'{0}' is a file, not a directory")]
    [InlineData("device", CannotBeUsed + "'{0}' is a device, not a directory")]
    [InlineData("fifo", CannotBeUsed + "'{0}' is a FIFO, not a directory")]
    [InlineData("socket", CannotBeUsed + "'{0}' is a socket, not a directory")]
    [InlineData("proc", CannotBeUsed + "'{0}' is a file, not a directory")]
    [InlineData("read-only", CannotBeUsed)]
    public void DataDirectory_Path_IsAcceptedOrRefused(string kind, string expected)
    {
        var options = new PipelineOptions { Data = Make(kind, forInput: false) };
        var refusal = Refusal(() =>
            PipelineDirectories.Create(options, new ConfigurationBuilder().Build(), PipelineCommand.Parse([])).Lock!.Dispose());
        Check(string.Format(CultureInfo.InvariantCulture, expected, options.Data), refusal);
    }

    [LinuxTheory]
    [InlineData("absolute", Ok)]
    [InlineData("relative", Ok)]
    [InlineData("dot-dot", Ok)]
    [InlineData("folder", Ok)]
    [InlineData("trailing slash", Ok)]
    [InlineData("through link to folder", Ok)]
    [InlineData("other file system", Ok)]
    [InlineData("name of 255 bytes", Ok)]
    [InlineData("blank", "must name a directory")]
    [InlineData("empty", "must name a directory")]
    [InlineData("link to file", "is a file")]
    [InlineData("device", "is a device")]
    [InlineData("fifo", "is a FIFO")]
    [InlineData("socket", "is a socket")]
    [InlineData("proc", NotForAll)]
    [InlineData("descriptor", NotForAll)]
    [InlineData("link to descriptor", NotForAll)]
    public void Root_Path_IsAcceptedOrRefused(string kind, string expected)
    {
        var root = Make(kind, forInput: false);
        var errors = new List<string>();
        PipelineValidator.Check(new PipelineOptions { Roots = [root] }, isForElsewhere: false, errors);
        Check(expected, string.Join('\n', errors));
        if (expected != Ok)
            return;

        var file = Path.Combine(Directory.CreateDirectory(Path.GetFullPath(root)).FullName, "in.ndjson");
        Assert.Equal(RootedPath.Resolve(file), RootedPath.Require(file, [Path.GetFullPath(root)], "input"));
    }

    [UnixFact]
    public void Roots_DirectoryWithAColon_IsRefusedWhereNamedAndElseLeftOut()
    {
        var root = Directory.CreateDirectory(InFolder("a:b")).FullName;
        var errors = new List<string>();
        PipelineValidator.Check(new PipelineOptions { Roots = [root] }, isForElsewhere: false, errors);
        Assert.StartsWith($"Pipeline:Roots:0 cannot be in '{root}': ':' separates the roots", Assert.Single(errors), StringComparison.Ordinal);

        var directories = PipelineDirectories.Create(
            new PipelineOptions { Data = Path.Combine(root, "data") }, new ConfigurationBuilder().Build(), PipelineCommand.Parse([]));
        directories.Lock!.Dispose();
        Assert.Equal(Environment.CurrentDirectory, directories.Roots);
    }

    [UnprivilegedTheory]
    [InlineData("input", "error: ", "run", "--monolith", "--input", "closed", "--output", "out.ndjson")]
    [InlineData("output", "cannot be written", "run", "--monolith", "--input", "open", "--output", "closed-folder/out.ndjson")]
    [InlineData("rules", "--rules: ", "run", "--monolith", "--input", "open", "--output", "out.ndjson", "--rules", "closed")]
    [InlineData("endpoint file", "cannot be read: ", "runs")]
    [UnsupportedOSPlatform("windows")]
    public async Task CommandLine_NoPermission_IsRefused(string place, string expected, params string[] args)
    {
        var closed = WriteEvent("closed");
        WriteEvent("open");
        File.SetUnixFileMode(Folder, (UnixFileMode)0b111_111_111);
        File.SetUnixFileMode(closed, UnixFileMode.None);
        Directory.CreateDirectory(InFolder("closed-folder"), UnixFileMode.None);
        var start = UnprivilegedTheoryAttribute.Start("dotnet", [typeof(CommandLine).Assembly.Location, .. args]);
        start.WorkingDirectory = Folder;
        start.Environment[EndpointFile.Variable] = closed;

        var (code, _, error) = await Programs.RunAsync(start);

        Assert.True(code is ExitCodes.Usage or ExitCodes.Failed or ExitCodes.NoPipeline, $"{place}: {code} {error}");
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.Contains("denied", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [LinuxTheory]
    [InlineData("absolute", Ok)]
    [InlineData("relative", Ok)]
    [InlineData("missing folder", Ok)]
    [InlineData("other file system", Ok)]
    [InlineData("dangling link", StaysAsItIs)]
    [InlineData("trailing slash", StaysAsItIs)]
    [InlineData("link to file", StaysAsItIs)]
    [InlineData("hard link", StaysAsItIs)]
    [InlineData("folder", StaysAsItIs)]
    [InlineData("device", StaysAsItIs)]
    [InlineData("fifo", StaysAsItIs)]
    [InlineData("socket", StaysAsItIs)]
    public void EndpointFile_Path_IsAcceptedOrRefused(string kind, string expected)
    {
        var path = EndpointFile.PathIn(name => name == EndpointFile.Variable ? Make(kind, forInput: false) : null);
        var before = Snapshot();
        Check(expected, Refusal(() => new EndpointFile("http://127.0.0.1:5080", "key", Environment.ProcessId, 0).Write(path)));
        if (expected == Ok)
            Assert.Equal("key", EndpointFile.Read(path)?.Key);
        else
            Assert.Equal(before, Snapshot());
    }

    [LinuxTheory]
    [InlineData("absolute", Ok)]
    [InlineData("link to file", Ok)]
    [InlineData("dangling link", "--rules: ")]
    [InlineData("device", "must not be empty")]
    [InlineData("socket", "--rules: ")]
    [InlineData("empty", "must name a file")]
    [InlineData("blank", "must name a file")]
    [InlineData("folder", "--rules: ")]
    public async Task Rules_Path_IsAcceptedOrRefused(string kind, string expected)
    {
        var rules = Make(kind, forInput: true);
        if (expected == Ok)
            File.WriteAllText(rules, """{"rules":[]}""");
        Check(expected, await CommandAsync(WriteEvent("good.ndjson"), InFolder("out.ndjson"), "--rules", rules));
    }

    private static void Check(string expected, string actual)
    {
        if (expected == Ok)
            Assert.Equal(Ok, actual);
        else
            Assert.Contains(expected, actual, StringComparison.Ordinal);
    }

    private static async Task<string> CommandAsync(string input, string output, params string[] more)
    {
        using var error = new StringWriter();
        var code = await CommandLine.RunAsync(
            ["run", "--monolith", "--input", input, "--output", output, .. more], new Terminal(TextWriter.Null, error), _ => null);
        return code == ExitCodes.Ok ? Ok : error.ToString();
    }

    private static async Task<string> PostAsync(ServedOrchestrator served, string input, string output)
    {
        using var content = new StringContent(JsonSerializer.Serialize(new { input, output }), Encoding.UTF8, "application/json");
        using var response = await served.Client.PostAsync("/runs", content);
        if (response.StatusCode != HttpStatusCode.Created)
            return await response.Content.ReadAsStringAsync();
        (await served.Stages.NextAsync()).Opens().Completes(lines: 0);
        return Ok;
    }

    private static string Start(params string[] args) =>
        PipelineCommand.Parse(args) is var command && command.Errors.Concat(RunFiles.ErrorsOf(command)).FirstOrDefault() is { } error ? error : Ok;

    private static string Refusal(Action action)
    {
        try
        {
            action();
            return Ok;
        }
        catch (Exception refusal) when (refusal is PipelineException or InvalidDataException)
        {
            return refusal.Message;
        }
    }

    private string Make(string kind, bool forInput)
    {
        var name = forInput ? "in.ndjson" : "result.ndjson";
        switch (kind)
        {
            case "relative":
                return Path.GetRelativePath(Environment.CurrentDirectory, Named(Folder));
            case "dot-dot":
                Directory.CreateDirectory(InFolder("sub"));
                return Path.Combine(Folder, "sub", "..", Path.GetFileName(Named(Folder)));
            case "link to file":
                return Linked(WriteEvent($"target-of-{name}"));
            case "through link to folder":
                Directory.CreateDirectory(InFolder("real"));
                Named(InFolder("real"));
                return Path.Combine(Linked(InFolder("real")), name);
            case "dangling link":
                return Linked(InFolder($"missing-{name}"));
            case "hard link":
                var link = InFolder($"hard-{name}");
                HardLink.Create(WriteEvent($"named-{name}"), link);
                return link;
            case "descriptor":
                return "/dev/fd/0";
            case "link to descriptor":
                return Linked("/proc/self/fd/0");
            case "proc":
                return "/proc/version";
            case "read-only":
                return "/sys/pipeline";
            case "device":
                return "/dev/null";
            case "fifo":
                Fifo.Create(InFolder(name));
                return InFolder(name);
            case "socket":
                // Disposing of it would take its file away.
                _sockets.Add(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified));
                _sockets[^1].Bind(new UnixDomainSocketEndPoint(InFolder(name)));
                return InFolder(name);
            case "empty":
                return "";
            case "blank":
                return "  ";
            case "folder with input":
                var folder = Make("folder", forInput);
                WriteEvent("in.ndjson", folder);
                return folder;
            case "folder":
                return Directory.CreateDirectory(InFolder($"folder-{name}")).FullName;
            case "trailing slash":
                return Named(Folder) + "/";
            case "missing folder":
                return Path.Combine(Folder, "none", name);
            case "name of 255 bytes":
                name = new string('n', 255 - ".ndjson".Length) + ".ndjson";
                return Named(Folder);
            case "not UTF-8":
                // As .NET gives a byte of an argument that is not UTF-8.
                return InFolder($"\uFFFD{name}");
            case "other file system":
                _shared ??= Directory.CreateDirectory($"/dev/shm/paths-{Guid.NewGuid():N}").FullName;
                return Named(_shared);
            case "program's own folder":
                return Path.Combine(AppContext.BaseDirectory, forInput ? "Pipeline.Tests.dll" : name);
            default:
                return Named(Folder);
        }

        string Named(string folder) => forInput ? WriteEvent(name, folder) : Path.Combine(folder, name);

        string Linked(string target)
        {
            var path = InFolder($"link-to-{Path.GetFileName(target)}-{forInput}");
            File.CreateSymbolicLink(path, target);
            return path;
        }
    }

    private string WriteEvent(string name, string? folder = null)
    {
        var path = Path.Combine(folder ?? Folder, name);
        File.WriteAllText(path, Event + "\n");
        return path;
    }

    // Names of all that is there, and times of the files.
    private string Snapshot() => string.Join('\n', new DirectoryInfo(Folder).EnumerateFileSystemInfos("*", SearchOption.AllDirectories)
        .Select(entry => $"{entry.FullName} {(entry is FileInfo ? entry.LastWriteTimeUtc : default):O}").Order(StringComparer.Ordinal));
}
