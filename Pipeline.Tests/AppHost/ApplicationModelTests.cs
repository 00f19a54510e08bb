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

    [Theory]
    [InlineData("orchestrator > ingest, ingest > parse, parse > rules, rules > aggregate, aggregate > sink")]
    [InlineData(
        "orchestrator > ingest, ingest > parse, parse > node-rules, node-rules > py-audit, py-audit > aggregate, aggregate > sink",
        "Services:rules:Replicas=0", "Processes:node-rules:Command=node", "Processes:node-rules:Stage=rules",
        "Processes:py-audit:Command=python3", "Processes:py-audit:Role=audit", "Processes:apart:Command=sh",
        "Services:orchestrator:Environment:Orchestrator__Roles__0=ingest", "Services:orchestrator:Environment:Orchestrator__Roles__1=parse",
        "Services:orchestrator:Environment:Orchestrator__Roles__2=rules", "Services:orchestrator:Environment:Orchestrator__Roles__3=audit",
        "Services:orchestrator:Environment:Orchestrator__Roles__4=aggregate", "Services:orchestrator:Environment:Orchestrator__Roles__5=sink")]
    public async Task Model_Route_IsDrawnThroughTheStagesThatStart(string edges, params string[] settings)
    {
        using var timeout = new CancellationTokenSource(AppHostUnderTest.Patience);
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Pipeline_AppHost>(
            ["--Pipeline:Demo=false", $"--Pipeline:Data={Folder}", .. settings.Select(setting => $"--Pipeline:{setting}")], timeout.Token);

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

        var variables = new EnvironmentCallbackContext(builder.ExecutionContext, process.Resource);
        foreach (var annotation in process.Resource.Annotations.OfType<EnvironmentCallbackAnnotation>())
            await annotation.Callback(variables);

        Assert.Equal("service.instance.id=1,deployment.environment=test", variables.EnvironmentVariables["OTEL_RESOURCE_ATTRIBUTES"]);
        Assert.Equal("own", variables.EnvironmentVariables["OTHER"]);
    }
}
