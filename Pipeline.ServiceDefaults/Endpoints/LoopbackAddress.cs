using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Pipeline.ServiceDefaults.Endpoints;

/// <summary>The address of a service as services tell it to each other: http://HOST:PORT with 127.x.x.x, [::1] or localhost.</summary>
public static class LoopbackAddress
{
    /// <summary>What an address must be like, for error messages.</summary>
    public const string Form =
        "must be an http URI of loopback with a port and nothing else, such as http://127.0.0.1:41234; "
        + "short, numeric and IPv4-mapped forms of the host are not accepted";

    /// <summary>Reads an address. localhost becomes 127.0.0.1 and a slash at the end is dropped: one endpoint has one address.</summary>
    /// <param name="text">The address.</param>
    /// <param name="canonical">The address in its canonical form.</param>
    /// <returns>False: <paramref name="text"/> does not have the <see cref="Form"/>.</returns>
    public static bool TryParse(string text, [NotNullWhen(true)] out string? canonical)
    {
        canonical = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || !IsLoopback(uri) || uri.Port <= 0)
            return false;
        // Uri rewrites hosts such as 127.1 and 2130706433 to 127.0.0.1: only the canonical spelling is the same before and after.
        var plain = $"http://{uri.Host}:{uri.Port}";
        if (text != plain && text != plain + "/")
            return false;
        canonical = uri.Host == "localhost" ? $"http://{IPAddress.Loopback}:{uri.Port}" : plain;
        return true;
    }

    /// <summary>True for an http URI whose host is loopback. Unlike <see cref="Uri.IsLoopback"/>, no name but localhost is.</summary>
    public static bool IsLoopback(Uri uri) =>
        uri.IsAbsoluteUri && uri.Scheme == Uri.UriSchemeHttp && (uri.Host == "localhost" || IsLoopback(uri.Host));

    private static bool IsLoopback(string host) =>
        IPAddress.TryParse(host.Trim('[', ']'), out var address)
        && (address.AddressFamily == AddressFamily.InterNetwork ? IPAddress.IsLoopback(address) : address.Equals(IPAddress.IPv6Loopback));
}
