using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace Pipeline.LocalHost.Orchestration;

/// <summary>
/// The ports of one instance, by endpoint. There is no proxy: the first replica gets the wanted port and is the
/// endpoint's address to others, each further one gets any free port.
/// </summary>
internal sealed class InstancePorts
{
    private readonly Dictionary<EndpointAnnotation, int> _ports = [];
    private readonly HashSet<int> _wanted = [];

    public IEnumerable<KeyValuePair<EndpointAnnotation, int>> All => _ports;

    public int this[EndpointAnnotation endpoint] => _ports[endpoint];

    public int Of(string endpointName) =>
        _ports.First(pair => string.Equals(pair.Key.Name, endpointName, StringComparison.OrdinalIgnoreCase)).Value;

    /// <summary>Allocates the ports of a replica.</summary>
    /// <param name="resource">Its resource.</param>
    /// <param name="replica">Which replica, from 0.</param>
    /// <param name="randomize">Whether wanted ports are ignored, as in tests; not those of endpoints without a proxy.</param>
    /// <param name="taken">The ports promised already.</param>
    public static InstancePorts Allocate(IResource resource, int replica, bool randomize, HashSet<int> taken)
    {
        var ports = new InstancePorts();
        foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>())
        {
            var wanted = randomize && endpoint.IsProxied || replica > 0 ? null : endpoint.Port ?? endpoint.TargetPort;
            var port = wanted ?? FreePort.Pick(taken);
            if (wanted is not null)
                ports._wanted.Add(port);
            ports._ports[endpoint] = port;
            if (replica == 0)
                endpoint.AllocatedEndpoint = new AllocatedEndpoint(endpoint, endpoint.TargetHost, port);
        }

        return ports;
    }

    /// <summary>Makes sure that the wanted ports are free.</summary>
    /// <param name="resource">Whose they are.</param>
    /// <exception cref="DistributedApplicationException">One is not.</exception>
    public void Check(IResource resource)
    {
        foreach (var (endpoint, port) in _ports)
        {
            if (_wanted.Contains(port) && !FreePort.IsFree(port))
                throw new DistributedApplicationException($"Port {port} is in use; '{resource.Name}' wants it for its endpoint '{endpoint.Name}'.");
        }
    }
}
