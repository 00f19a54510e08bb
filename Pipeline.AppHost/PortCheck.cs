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

    /// <summary>As long as Aspire's own processes may take to notice that their AppHost was killed.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    /// <param name="services">The application's.</param>
    /// <param name="afterKilled">The former AppHost was killed: what it started may have the ports for a while.</param>
    /// <exception cref="PipelineException">Wanted ports are in use: a line for each.</exception>
    public static async Task CheckAsync(IServiceProvider services, bool afterKilled)
    {
        // In tests Aspire chooses the ports.
        if (services.GetRequiredService<IConfiguration>().GetValue("DcpPublisher:RandomizePorts", false))
            return;
        var taken = await UntilFreeAsync(
            () => [.. WantedBy(services)
                .Select(wanted => WhyTaken(wanted.Port) is { } why
                    ? $"port {wanted.Port} is {why}, and {wanted.User} needs it; is another pipeline up? {wanted.Remedy} takes another"
                    : null)
                .OfType<string>()],
            afterKilled ? Patience : TimeSpan.Zero,
            services.GetRequiredService<TimeProvider>());
        if (taken.Count > 0)
            throw new PipelineException(string.Join('\n', taken));
    }

    /// <summary>Waits until nothing is taken any more, at most as long as <paramref name="patience"/>.</summary>
    /// <returns>What is still taken.</returns>
    internal static async Task<IReadOnlyList<string>> UntilFreeAsync(Func<IReadOnlyList<string>> find, TimeSpan patience, TimeProvider time)
    {
        var began = time.GetTimestamp();
        var taken = find();
        if (taken.Count > 0 && patience > TimeSpan.Zero)
            await Console.Error.WriteLineAsync($"waiting up to {patience.TotalSeconds} s for what the killed AppHost has left: {taken[0].Split(", ")[0]}");
        while (taken.Count > 0 && time.GetElapsedTime(began) < patience)
        {
            await Task.Delay(Interval, time);
            taken = find();
        }

        return taken;
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
