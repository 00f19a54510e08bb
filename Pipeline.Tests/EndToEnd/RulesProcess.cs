using System.Diagnostics;
using Aspire.Hosting.Testing;
using Pipeline.AppHost;
using Pipeline.Tests.AppHost;
using Pipeline.Tests.Faults;

namespace Pipeline.Tests.EndToEnd;

/// <summary>A process of the stage rules beside that of the AppHost, which does not know it.</summary>
internal sealed class RulesProcess : IDisposable
{
    private readonly Process _process;

    private RulesProcess(Process process) => _process = process;

    public int Id => _process.Id;

    /// <summary>Starts one, which may tell another version than its program's, and waits until it is registered.</summary>
    public static async Task<RulesProcess> StartAsync(PipelineUnderTest pipeline, string instance, string? version = null)
    {
        var start = new ProcessStartInfo(ServiceFiles.PathOf(new Projects.Pipeline_Stages_Rules()))
        {
            WorkingDirectory = pipeline.Host.Data,
            Environment =
            {
                ["PIPELINE_KEY"] = AppHostUnderTest.Key,
                ["PIPELINE_INSTANCE"] = instance,
                ["services__broker__grpc__0"] = pipeline.Host.Application.GetEndpoint("broker", "grpc").ToString(),
                ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
                ["Logging__LogLevel__Default"] = "None",
                [ServiceFiles.DotnetRoot] = ServiceFiles.RuntimeFolder,
            },
        };
        if (version is not null)
            start.Environment["Registration__Version"] = version;
        var started = new RulesProcess(Process.Start(start)!);
        await pipeline.TopologyAsync(now => now.Instances.Any(one => one.InstanceId == instance && one.State == "live" && one.ProcessId == started.Id));
        return started;
    }

    public void Kill() => ServiceProcesses.Kill(Id);

    public Task EndAsync() => _process.WaitForExitAsync().WaitAsync(AppHostUnderTest.Patience);

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }
}
