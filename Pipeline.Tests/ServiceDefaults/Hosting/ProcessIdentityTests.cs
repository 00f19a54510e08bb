using System.Diagnostics;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Tests.ServiceDefaults.Hosting;

public class ProcessIdentityTests
{
    [Fact]
    public void Parse_WrittenIdentity_IsTheSame() => Assert.Equal(ProcessIdentity.Current, ProcessIdentity.Parse(ProcessIdentity.Current.ToString()));

    [Fact]
    public void Parse_MoreAfterIdentity_IgnoresIt() => Assert.Equal(new ProcessIdentity(1, 2), ProcessIdentity.Parse("1:2:/data:x"));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("12")]
    [InlineData("12:x")]
    [InlineData("-1:5")]
    public void Parse_OtherText_IsNull(string? text) => Assert.Null(ProcessIdentity.Parse(text));

    // Numbers as signal.h of each system has them.
    [Theory]
    [InlineData(ProcessSignal.Kill, 9, 9)]
    [InlineData(ProcessSignal.Terminate, 15, 15)]
    [InlineData(ProcessSignal.Stop, 19, 17)]
    [InlineData(ProcessSignal.Continue, 18, 19)]
    public void Number_SignalOfEachSystem_IsThatOfItsHeader(ProcessSignal signal, int linux, int macOS) =>
        Assert.Equal((linux, macOS), (ProcessIdentity.Number(signal, isMacOS: false), ProcessIdentity.Number(signal, isMacOS: true)));

    [UnixFact]
    public async Task Kill_ProcessWithChild_EndsBoth()
    {
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", "sleep 1000 & echo $!; wait"]) { RedirectStandardOutput = true })!;
        var child = ProcessIdentity.Find(int.Parse((await process.StandardOutput.ReadLineAsync())!))!.Value;
        var identity = ProcessIdentity.Find(process.Id)!.Value;
        Assert.True(identity.IsAlive && child.IsAlive);

        identity.Kill();

        await Waiting.UntilAsync(() => !identity.IsAlive && !child.IsAlive, "the end of both");
    }

    [LinuxFact]
    public void IsUnreadable_ReadableOrMissingProcess_IsFalse()
    {
        Assert.False(ProcessStatus.IsUnreadable(Environment.ProcessId));
        Assert.False(ProcessStatus.IsUnreadable(int.MaxValue));
    }

    [UnixFact]
    public void Kill_IdUsedByAnotherProcess_LeavesIt()
    {
        using var process = Process.Start("sleep", "1000");
        var identity = ProcessIdentity.Find(process.Id)!.Value;

        (identity with { Start = identity.Start - 1 }).Kill();

        Assert.True(identity.IsAlive);
        process.Kill();
    }
}
