using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Pipeline.ServiceDefaults.Security;

/// <summary>Compares the key that a call carries with the one that this service was started with.</summary>
public sealed class SharedKey(IOptions<SharedKeyOptions> options)
{
    // Read at the first call and not before, so that a missing key is told at start together with all other errors.
    private readonly Lazy<byte[]> _expected = new(() => Hash("Bearer " + options.Value.Key));

    /// <summary>What a caller sends in the header "authorization".</summary>
    public string HeaderValue => "Bearer " + options.Value.Key;

    /// <summary>True where the value of the header "authorization" is the right one. Takes the same time whatever differs.</summary>
    public bool Matches(string? authorization) =>
        // Hashes have one length: comparing them tells nothing about the key's length either.
        CryptographicOperations.FixedTimeEquals(Hash(authorization ?? ""), _expected.Value);

    private static byte[] Hash(string value) => SHA256.HashData(Encoding.UTF8.GetBytes(value));
}
