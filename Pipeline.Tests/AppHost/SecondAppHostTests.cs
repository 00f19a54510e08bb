using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Pipeline.AppHost;
using Pipeline.AppHost.Configuration;

namespace Pipeline.Tests.AppHost;

/// <summary>What one AppHost has, another one may not use.</summary>
[Collection(WholeMachineCollection.Name)]
public sealed class SecondAppHostTests : FolderTests
{
    private string InUse => $"data directory '{Folder}' is in use by another AppHost; --Pipeline:Data=DIR takes another";

    [Fact]
    public void Reserve_HeldByAnother_IsRefusedUntilItIsReleased()
    {
        using (PipelineDirectories.Reserve(Folder))
        {
            var refused = Assert.Throws<PipelineException>(() => PipelineDirectories.Reserve(Folder));
            Assert.Equal(InUse, refused.Message);
        }

        PipelineDirectories.Reserve(Folder).Dispose();
    }

    [Fact]
    public void Create_RunToResumeIsNotThere_IsNotTakenForKilledNextTime()
    {
        var options = new PipelineOptions { Data = Folder };
        Assert.Throws<PipelineException>(() => PipelineDirectories.Create(
            options, new ConfigurationBuilder().Build(), PipelineCommand.Parse(["--resume", "20260101-120000-ab12"])));

        using var next = PipelineDirectories.Reserve(Folder);

        Assert.False(next.IsOfKilled);
    }

    [Fact]
    public void Reserve_AppHostBeforeWasKilled_KnowsIt()
    {
        using (var first = PipelineDirectories.Reserve(Folder))
            Assert.False(first.IsOfKilled);
        using (var second = PipelineDirectories.Reserve(Folder))
            Assert.False(second.IsOfKilled);
        // As it is while one runs.
        Write("apphost.lock", "\n");

        using var third = PipelineDirectories.Reserve(Folder);

        Assert.True(third.IsOfKilled);
    }

    [Fact]
    public async Task AppHost_SameDataDirectory_EndsWithOneLine()
    {
        using var held = PipelineDirectories.Reserve(Folder);
        using var second = AppHostProcess.Start(Folder, new Dictionary<string, string>());

        Assert.Equal((1, "", $"error: {InUse}{Environment.NewLine}"), await second.EndAsync());
    }

    [Theory]
    [InlineData("ASPNETCORE_URLS")]
    [InlineData("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL")]
    [InlineData("ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL")]
    public async Task AppHost_DashboardPortTaken_EndsWithOneLine(string variable)
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        using var second = AppHostProcess.Start(Folder, new Dictionary<string, string> { [variable] = $"http://localhost:{port}" });

        const string question = "and the dashboard needs it; is another pipeline up?";
        var expected = $"error: port {port} is in use, {question} {variable} in Pipeline.AppHost/appsettings.json takes another{Environment.NewLine}";
        Assert.Equal((1, "", expected), await second.EndAsync());
    }
}
