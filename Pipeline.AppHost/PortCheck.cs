using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Pipeline.AppHost;

/// <summary>Finds a port in use before anything is started, on either host: most often another AppHost has it.</summary>
internal static class PortCheck
{
    /// <exception cref="PipelineException">A wanted port is in use.</exception>
    public static void Check(IServiceProvider services)
    {
        // Tests have their ports chosen by the host.
        if (services.GetRequiredService<IConfiguration>().GetValue("DcpPublisher:RandomizePorts", false))
            return;

        foreach (var resource in services.GetRequiredService<DistributedApplicationModel>().Resources)
        {
            foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>())
            {
                if (endpoint.Port is { } port && IsTaken(port))
                    throw new PipelineException(
                        $"port {port} is in use, and {resource.Name} needs it; is another pipeline up? --Pipeline:Services:{resource.Name}:Port=N takes another");
            }
        }
    }

    private static bool IsTaken(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return false;
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode == SocketError.AddressAlreadyInUse;
        }
    }
}
