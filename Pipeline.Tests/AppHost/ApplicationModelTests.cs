#pragma warning disable ASPIRECERTIFICATES001 // HttpsCertificateAnnotation is a preview API.
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Pipeline.AppHost;

namespace Pipeline.Tests.AppHost;

/// <summary>The application model, not started.</summary>
public sealed class ApplicationModelTests : FolderTests
{
    [Fact]
    public async Task Model_ProjectsAndConfiguredProcess_ExportTelemetryAndAskForNoCertificate()
    {
        using var timeout = new CancellationTokenSource(AppHostUnderTest.Patience);
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Pipeline_AppHost>(
            ["--Pipeline:Demo=false", $"--Pipeline:Data={Folder}", "--Pipeline:Processes:parse-py:Command=python3"], timeout.Token);

        var projects = builder.Resources.OfType<ProjectResource>().ToList();
        var process = builder.Resources.Single(resource => resource.Name == "parse-py");

        Assert.Equal(7, projects.Count);
        Assert.All([.. projects, process], resource => Assert.Single(resource.Annotations.OfType<OtlpExporterAnnotation>()));
        // Otherwise Aspire warns that there is no development certificate.
        Assert.All(
            projects.Select(project => Assert.Single(project.Annotations.OfType<HttpsCertificateAnnotation>())),
            certificate => Assert.False(certificate.UseDeveloperCertificate));
        Assert.DoesNotContain(
            builder.Resources.SelectMany(resource => resource.Annotations.OfType<EndpointAnnotation>()),
            endpoint => endpoint.UriScheme == "https");
    }

    // ShowAgainAsync updates at every event.
    [Fact]
    public async Task Aspire_UpdateThatChangesNothing_IsNotPublished()
    {
        using var timeout = new CancellationTokenSource(AppHostUnderTest.Patience);
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Pipeline_AppHost>([$"--Pipeline:Data={Folder}"], timeout.Token);
        await using var app = await builder.BuildAsync(timeout.Token);
        var parse = builder.Resources.Single(resource => resource.Name == "parse");
        await PublishAsync("first");
        await using var changes = app.ResourceNotifications.WatchAsync(timeout.Token).GetAsyncEnumerator(timeout.Token);
        // What was published before a watch begins may come twice.
        Assert.True(await changes.MoveNextAsync());
        await PublishAsync("second");
        while (changes.Current.Snapshot.State?.Text == "first")
            Assert.True(await changes.MoveNextAsync());

        await PublishAsync("second");
        await PublishAsync("third");

        Assert.True(await changes.MoveNextAsync());
        Assert.Equal("third", changes.Current.Snapshot.State?.Text);

        Task PublishAsync(string state) => app.ResourceNotifications.PublishUpdateAsync(parse, snapshot => snapshot with { State = state });
    }

    // Aspire itself does it in the environment Development only.
    [Fact]
    public async Task Model_EnvironmentOfAnyName_SendsTelemetryEachSecondUnlessConfigured()
    {
        using var timeout = new CancellationTokenSource(AppHostUnderTest.Patience);
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Pipeline_AppHost>(
            [$"--Pipeline:Data={Folder}", "--Pipeline:Services:sink:Environment:OTEL_METRIC_EXPORT_INTERVAL=500"],
            (_, settings) => settings.EnvironmentName = "Polyglot",
            timeout.Token);

        // The same after each restart, as the broker wants it.
        Assert.Equal("node-rules", (await VariablesOf(builder.Resources.Single(resource => resource.Name == "node-rules"), builder))["PIPELINE_INSTANCE"]);
        foreach (var (name, interval) in (IEnumerable<(string, string)>)[("parse", "1000"), ("node-rules", "1000"), ("sink", "500")])
        {
            var variables = await VariablesOf(builder.Resources.Single(resource => resource.Name == name), builder);
            Assert.Equal(interval, variables["OTEL_METRIC_EXPORT_INTERVAL"]);
        }
    }

    [Theory]
    [InlineData("orchestrator > ingest, ingest > parse, parse > rules, rules > aggregate, aggregate > sink")]
    [InlineData(
        "orchestrator > ingest, ingest > parse, parse > node-rules, node-rules > py-audit, py-audit > aggregate, aggregate > sink",
        "Services:rules:Replicas=0", "Processes:node-rules:Command=node", "Processes:node-rules:Stage=rules",
        "Processes:py-audit:Command=python3", "Processes:py-audit:Role=audit", "Processes:apart:Command=sh",
        "Environment:A=common", "Services:orchestrator:Environment:a=own",
        "Services:orchestrator:Environment:Orchestrator__Roles__0=ingest", "Services:orchestrator:Environment:Orchestrator__Roles__1=parse",
        "Services:orchestrator:Environment:Orchestrator__Roles__2=rules", "Services:orchestrator:Environment:Orchestrator__Roles__3=audit",
        "Services:orchestrator:Environment:Orchestrator__Roles__4=aggregate", "Services:orchestrator:Environment:Orchestrator__Roles__5=sink")]
    [InlineData(
        "orchestrator > ingest, ingest > sink", "Services:orchestrator:Environment:Orchestrator__Roles__0=parse",
        "Services:orchestrator:Environment:Orchestrator__Roles__1=rules", "../Orchestrator:Roles:0=ingest", "../Orchestrator:Roles:1=sink")]
    public async Task Model_Route_IsDrawnThroughTheStagesThatStart(string edges, params string[] settings)
    {
        using var timeout = new CancellationTokenSource(AppHostUnderTest.Patience);
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Pipeline_AppHost>(
            ["--Pipeline:Demo=false", $"--Pipeline:Data={Folder}", .. settings.Select(setting => $"--Pipeline:{setting}".Replace("Pipeline:../", ""))], timeout.Token);

        var drawn = builder.Resources.SelectMany(resource => resource.Annotations.OfType<ResourceRelationshipAnnotation>()
            .Where(edge => edge.Type == "Stream").Select(edge => $"{resource.Name} > {edge.Resource.Name}"));

        Assert.Equal(edges.Split(", ").Order(StringComparer.Ordinal), drawn.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Environment_AttributesOfTelemetry_AreAddedToThoseThatAreThere()
    {
        var builder = DistributedApplication.CreateBuilder();
        var process = builder.AddExecutable("own", "sh", ".")
            .WithEnvironment("OTEL_RESOURCE_ATTRIBUTES", "service.instance.id=1").WithEnvironment("OTHER", "former")
            .WithEnvironment([new("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test"), new("OTHER", "own")]);

        var variables = await VariablesOf(process.Resource, builder);

        Assert.Equal("service.instance.id=1,deployment.environment=test", variables["OTEL_RESOURCE_ATTRIBUTES"]);
        Assert.Equal("own", variables["OTHER"]);
    }

    private static async Task<Dictionary<string, object>> VariablesOf(IResource resource, IDistributedApplicationBuilder builder)
    {
        var context = new EnvironmentCallbackContext(builder.ExecutionContext, resource);
        foreach (var annotation in resource.Annotations.OfType<EnvironmentCallbackAnnotation>())
            await annotation.Callback(context);
        return context.EnvironmentVariables;
    }
}
