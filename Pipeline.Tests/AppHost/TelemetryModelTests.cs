#pragma warning disable ASPIRECERTIFICATES001 // HttpsCertificateAnnotation is a preview API.
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;

namespace Pipeline.Tests.AppHost;

/// <summary>The application model, not started.</summary>
public sealed class TelemetryModelTests
{
    [Fact]
    public async Task Model_ProjectsAndConfiguredProcess_ExportTelemetryAndAskForNoCertificate()
    {
        using var timeout = new CancellationTokenSource(AppHostUnderTest.Patience);
        var data = Directory.CreateTempSubdirectory("pipeline").FullName;
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Pipeline_AppHost>(
            ["--Pipeline:Demo=false", $"--Pipeline:Data={data}", "--Pipeline:Processes:parse-py:Command=python3"], timeout.Token);

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
        Directory.Delete(data, recursive: true);
    }
}
