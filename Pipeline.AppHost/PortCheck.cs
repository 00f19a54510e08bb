using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Pipeline.AppHost;

/// <summary>Finds ports in use, or reserved by the system, before anything is started: most often another AppHost has them.</summary>
internal static class PortCheck
{
    private static readonly string[] DashboardUrls =
    [
        "ASPNETCORE_URLS", "ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL",
        "ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL", "ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL",
    ];

    /// <exception cref="PipelineException">Wanted ports are in use: a line for each.</exception>
    public static void Check(IServiceProvider services)
    {
        // In tests Aspire chooses the ports.
        if (services.GetRequiredService<IConfiguration>().GetValue("DcpPublisher:RandomizePorts", false))
            return;
        var taken = WantedBy(services)
            .Select(wanted => WhyTaken(wanted.Port) is { } why
                ? $"port {wanted.Port} is {why}, and {wanted.User} needs it; is another pipeline up? {wanted.Remedy} takes another"
                : null)
            .OfType<string>().ToList();
        if (taken.Count > 0)
            throw new PipelineException(string.Join('\n', taken));
    }

    private static IEnumerable<(int Port, string User, string Remedy)> WantedBy(IServiceProvider services)
    {
        var configuration = services.GetRequiredService<IConfiguration>();
        foreach (var resource in services.GetRequiredService<DistributedApplicationModel>().Resources)
        {
            foreach (var port in resource.Annotations.OfType<EndpointAnnotation>().Select(endpoint => endpoint.Port).OfType<int>())
                yield return (port, resource.Name, $"--Pipeline:Services:{resource.Name}:Port=N");
        }

        if (services.GetRequiredService<DistributedApplicationOptions>().DisableDashboard)
            yield break;
        foreach (var variable in DashboardUrls)
        {
            foreach (var url in (configuration[variable] ?? "").Split(';'))
            {
                if (Uri.TryCreate(url, UriKind.Absolute, out var uri))
                    yield return (uri.Port, "the dashboard", $"{variable} in Pipeline.AppHost/appsettings.json");
            }
        }
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
