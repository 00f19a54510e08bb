using System.Diagnostics;
using Pipeline.Client.Runs;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Tests.Client.Runs;

public sealed class EndpointFileTests : FolderTests
{
    private string FilePath => InFolder("endpoint.json");

    [UnixFact]
    public void Write_OtherOrchestratorIsUp_LeavesItsFile()
    {
        // Any other process that lives.
        using var other = new KilledAtTheEnd(Process.Start("sleep", "1000"));
        var first = Of(other.Identity, "http://127.0.0.1:1");
        first.Write(FilePath);

        var refused = Assert.Throws<InvalidDataException>(() => Of(ProcessIdentity.Current, "http://127.0.0.1:2").Write(FilePath));

        Assert.Equal(
            $"{FilePath} is that of another pipeline, at http://127.0.0.1:1 (process {first.Pid}); set PIPELINE_ENDPOINT_FILE to another path",
            refused.Message);
        Assert.Equal(first, EndpointFile.Read(FilePath));
    }

    [UnixFact]
    public void Write_IdOfTheOtherOrchestratorIsAnotherProcessNow_ReplacesItsFile()
    {
        using var other = new KilledAtTheEnd(Process.Start("sleep", "1000"));
        Of(other.Identity with { Start = other.Identity.Start - 1 }, "http://127.0.0.1:1").Write(FilePath);
        var next = Of(ProcessIdentity.Current, "http://127.0.0.1:2");

        next.Write(FilePath);

        Assert.Equal(next, EndpointFile.Read(FilePath));
    }

    [Theory]
    [InlineData(EndpointFile.Variable, " ")]
    [InlineData("XDG_RUNTIME_DIR", "relative")]
    public void PathIn_VariableIsBlankOrRelative_IsNotBelowTheWorkingDirectory(string variable, string value)
    {
        var path = EndpointFile.PathIn(name => name == variable ? value : null);

        Assert.Equal(EndpointFile.PathIn(_ => null), path);
    }

    [Fact]
    public void Remove_FileOfAnother_StaysThere()
    {
        var other = Of(ProcessIdentity.Current, "http://127.0.0.1:1");
        other.Write(FilePath);

        Of(ProcessIdentity.Current, "http://127.0.0.1:2").Remove(FilePath);
        Assert.Equal(other, EndpointFile.Read(FilePath));

        other.Remove(FilePath);
        Assert.Null(EndpointFile.Read(FilePath));
    }

    private static EndpointFile Of(ProcessIdentity process, string address) => new(address, "key", process.Id, process.Start);

    private sealed class KilledAtTheEnd(Process process) : IDisposable
    {
        public ProcessIdentity Identity { get; } = ProcessIdentity.Find(process.Id)!.Value;

        public void Dispose()
        {
            process.Kill();
            process.Dispose();
        }
    }
}
