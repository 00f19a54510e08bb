using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Pipeline.AppHost;

/// <summary>Finds a port in use, or reserved by the system, before anything is started: most often another AppHost has it.</summary>
internal static class PortCheck
{
    private static readonly string[] DashboardUrls =
    [
        "ASPNETCORE_URLS", "ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL",
        "ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL", "ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL",
    ];

    /// <exception cref="PipelineException">A wanted port is in use.</exception>
    public static void Check(IServiceProvider services)
    {
        // In tests Aspire chooses the ports.
        var configuration = services.GetRequiredService<IConfiguration>();
        if (configuration.GetValue("DcpPublisher:RandomizePorts", false))
            return;

        foreach (var resource in services.GetRequiredService<DistributedApplicationModel>().Resources)
        {
            foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>())
                Check(endpoint.Port, resource.Name, $"--Pipeline:Services:{resource.Name}:Port=N");
        }

        if (services.GetRequiredService<DistributedApplicationOptions>().DisableDashboard)
            return;
        foreach (var variable in DashboardUrls)
        {
            foreach (var url in (configuration[variable] ?? "").Split(';'))
            {
                if (Uri.TryCreate(url, UriKind.Absolute, out var uri))
                    Check(uri.Port, "the dashboard", $"{variable} in Pipeline.AppHost/appsettings.json");
            }
        }
    }

    private static void Check(int? port, string user, string remedy)
    {
        if (port is { } number && WhyTaken(number) is { } why)
            throw new PipelineException($"port {number} is {why}, and {user} needs it; is another pipeline up? {remedy} takes another");
    }

    private static string? WhyTaken(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return null;
        }
        catch (SocketException exception)
        {
            return WhyTaken(exception.SocketErrorCode);
        }
    }

    /// <summary>Why the port cannot be bound. Windows excludes ranges of ports: to listen on one of them is forbidden.</summary>
    internal static string? WhyTaken(SocketError error) => error switch
    {
        SocketError.AddressAlreadyInUse => "in use",
        SocketError.AccessDenied => "reserved by the system",
        _ => null,
    };
}
