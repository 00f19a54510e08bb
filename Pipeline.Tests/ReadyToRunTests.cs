using System.Reflection.PortableExecutable;

namespace Pipeline.Tests;

/// <summary>What Directory.Build.targets compiles ahead of time, as programs are given it.</summary>
public class ReadyToRunTests
{
    [Theory]
    [InlineData("Google.Protobuf", true)]
    [InlineData("Grpc.Net.Client", true)]
    [InlineData("OpenTelemetry", true)]
    [InlineData("Pipeline.Client", true)]
    [InlineData("Pipeline.Contracts", true)]
    [InlineData("Pipeline.Files", true)]
    [InlineData("Pipeline.ServiceDefaults", true)]
    [InlineData("Pipeline.Stages.Core", false)]
    [InlineData("Pipeline.Stages.Parse", false)]
    public void Assembly_IsReadyToRun_UnlessItIsAStages(string assembly, bool isImage)
    {
        using var file = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, $"{assembly}.dll")));

        Assert.Equal(isImage, file.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.Size > 0);
    }
}
