using System.Net;

namespace Pipeline.ServiceDefaults.Endpoints;

/// <summary>The HTTP/1.1 endpoints as configured (ASPNETCORE_URLS, --urls): "http://localhost:5080;http://127.0.0.1:0". None = any free port.</summary>
internal sealed class HttpUrls
{
    /// <summary>Takes the text apart.</summary>
    public HttpUrls(string? text)
    {
        var entries = (text ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (entries.Length == 0)
            Endpoints.Add((IPAddress.Loopback, 0));
        foreach (var entry in entries)
            Add(entry);
    }

    /// <summary>Addresses and ports; a null address is "localhost", which is both IPv4 and IPv6.</summary>
    public List<(IPAddress? Address, int Port)> Endpoints { get; } = [];

    /// <summary>What is wrong with the others.</summary>
    public List<string> Errors { get; } = [];

    private void Add(string entry)
    {
        if (!Uri.TryCreate(entry, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttp)
            Errors.Add($"ASPNETCORE_URLS: '{entry}' is not an http URL such as http://127.0.0.1:5080.");
        else if (!LoopbackAddress.IsLoopback(uri))
            Errors.Add($"ASPNETCORE_URLS: '{entry}' is not on loopback; Pipeline serves this machine only.");
        else
            Endpoints.Add((IPAddress.TryParse(uri.Host.Trim('[', ']'), out var address) ? address : null, uri.Port));
    }
}
