using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Npgsql;
using Pipeline.Files;
using StackExchange.Redis;

namespace Pipeline.Orchestrator.Cluster;

/// <summary>Where the membership table of the cluster is kept.</summary>
internal enum ClusterProvider
{
    /// <summary>No cluster: Orleans is not started.</summary>
    None,

    /// <summary>In this process: a cluster of one machine.</summary>
    Localhost,

    /// <summary>In Redis.</summary>
    Redis,

    /// <summary>In PostgreSQL.</summary>
    Postgres,
}

/// <summary>How this orchestrator joins others; section "Cluster".</summary>
internal sealed class ClusterSettings
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Cluster";

    private const string HowToMakeCertificates = "docs/cluster.md says how to make them.";

    /// <summary>Where the membership table is kept.</summary>
    /// <value>Default None.</value>
    public ClusterProvider Provider { get; set; }

    /// <summary>Name of the cluster: the same on all of its machines, another for each cluster in one membership store.</summary>
    /// <value>Default "pipeline".</value>
    public string Id { get; set; } = "pipeline";

    /// <summary>The folder that all machines share; must exist.</summary>
    public string? Storage { get; set; }

    /// <summary>Connection string of Redis (StackExchange.Redis) or PostgreSQL (Npgsql).</summary>
    public string? ConnectionString { get; set; }

    /// <summary>IP address at which the other machines reach this one.</summary>
    /// <value>Default 127.0.0.1. Any other than loopback requires certificates.</value>
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>Port of the connections between machines: 1 to 65535; 0 = a free one where the provider is Localhost, else 11111.</summary>
    public int SiloPort { get; set; }

    /// <summary>This machine's certificate: PEM, or PFX where there is no <see cref="CertificateKey"/>.</summary>
    public string? Certificate { get; set; }

    /// <summary>Private key of <see cref="Certificate"/>, PEM.</summary>
    public string? CertificateKey { get; set; }

    /// <summary>The authority that signed the certificates of all machines, PEM. Whoever has a certificate of it is a member.</summary>
    public string? CertificateAuthority { get; set; }

    /// <summary>Whether other machines can join.</summary>
    public bool IsShared => Provider is ClusterProvider.Redis or ClusterProvider.Postgres;

    /// <summary>Whether the connections between machines are encrypted.</summary>
    public bool UsesTls => Certificate is { Length: > 0 };

    /// <summary>Reads the settings.</summary>
    /// <returns>Null where they are wrong: the start of the host says why.</returns>
    public static ClusterSettings? TryRead(IConfiguration configuration)
    {
        try
        {
            var settings = configuration.GetSection(Section).Get<ClusterSettings>() ?? new();
            return settings.Errors().Any() ? null : settings;
        }
        catch (InvalidOperationException)
        {
            // A word for a number, or an unknown provider.
            return null;
        }
    }

    /// <summary>What is wrong with the settings, a line for each.</summary>
    public IEnumerable<string> Errors()
    {
        if (Provider == ClusterProvider.None)
            yield break;
        if (Id is not { Length: > 0 and <= 100 })
            yield return "Cluster:Id must have 1 to 100 characters.";
        if (SiloPort is < 0 or > 65535)
            yield return $"Cluster:SiloPort must be 0 to 65535, not {SiloPort}.";
        if (IsShared ? !Directory.Exists(Storage) : Storage is { Length: > 0 } && !Directory.Exists(Storage))
        {
            yield return Storage is { Length: > 0 }
                ? $"Cluster:Storage: {Storage} is not a directory: it must be the folder that all machines share."
                : $"Cluster:Storage is missing: with Cluster:Provider {Provider}, it names the folder that all machines share.";
        }

        foreach (var error in new[] { AddressError(), StoreError() }.OfType<string>())
            yield return error;
    }

    private string? AddressError()
    {
        if (!IPAddress.TryParse(Address, out var address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
            return $"Cluster:Address must be the IP address at which other machines reach this one, not '{Address}'.";
        if (!IPAddress.IsLoopback(address) && (!UsesTls || CertificateAuthority is not { Length: > 0 }))
        {
            return $"Cluster:Address {Address} is not loopback, which requires Cluster:Certificate and Cluster:CertificateAuthority. "
                + HowToMakeCertificates;
        }

        return UsesTls ? CertificateError() : null;
    }

    private string? CertificateError()
    {
        try
        {
            using var certificates = ClusterCertificates.Load(this);
            return certificates.IsMember(certificates.Own)
                ? null
                : $"Cluster:Certificate {Certificate} is not valid now, or not signed by Cluster:CertificateAuthority. "
                    + HowToMakeCertificates;
        }
        catch (Exception error) when (error is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            return $"Cluster:Certificate, Cluster:CertificateKey or Cluster:CertificateAuthority cannot be read: {error.Message}";
        }
    }

    private string? StoreError()
    {
        if (!IsShared)
            return null;
        if (ConnectionString is not { Length: > 0 })
            return $"Cluster:ConnectionString is missing: with Cluster:Provider {Provider}, it says where the server is.";
        try
        {
            return (Provider == ClusterProvider.Redis ? IsSafeRedis(ConnectionString) : IsSafePostgres(ConnectionString))
                ? null
                : "Cluster:ConnectionString leads to another machine, which requires TLS and a password: "
                    + (Provider == ClusterProvider.Redis ? "ssl=true,password=..." : "SSL Mode=VerifyFull;Password=...");
        }
        catch (ArgumentException exception)
        {
            return $"Cluster:ConnectionString is not one of {Provider}: {exception.Message}";
        }
    }

    private static bool IsSafeRedis(string text)
    {
        var options = ConfigurationOptions.Parse(text);
        return options.EndPoints.All(IsLoopback) || options is { Ssl: true, Password.Length: > 0 };

        static bool IsLoopback(EndPoint endpoint) => endpoint switch
        {
            IPEndPoint ip => IPAddress.IsLoopback(ip.Address),
            DnsEndPoint dns => dns.Host == "localhost",
            _ => true,
        };
    }

    private static bool IsSafePostgres(string text)
    {
        var options = new NpgsqlConnectionStringBuilder(text);
        // Mode Require encrypts, but takes any certificate.
        return (options.Host ?? "").Split(',').All(IsLoopback)
            || options is { SslMode: SslMode.VerifyCA or SslMode.VerifyFull, Password.Length: > 0 };

        // A path is that of a Unix domain socket.
        static bool IsLoopback(string host) => host is ['/', ..] or "localhost"
            || (IPEndPoint.TryParse(host, out var endpoint) && IPAddress.IsLoopback(endpoint.Address));
    }
}

/// <summary>Checks the settings when the host starts.</summary>
internal sealed class ClusterSettingsValidation(IConfiguration configuration) : IValidateOptions<ClusterSettings>
{
    public ValidateOptionsResult Validate(string? name, ClusterSettings options)
    {
        var section = configuration.GetSection(ClusterSettings.Section);
        var errors = options.Errors().ToList();
        if (section[nameof(options.Provider)] is not { Length: > 0 } && section.GetChildren().Any(child => child.Value is { Length: > 0 }))
            errors.Add("Cluster:Provider is missing: Redis, Postgres or Localhost, or None, which is no cluster.");
        var data = RootedPath.DataOf(name => configuration[name]);
        // Its own runs would be taken for the cluster's, and those of the cluster for its own.
        if (options is { Provider: not ClusterProvider.None, Storage: { Length: > 0 } storage } && Directory.Exists(storage)
            && SameFile.Is(RootedPath.Resolve(data), RootedPath.Resolve(Path.GetFullPath(storage))))
        {
            errors.Add($"Cluster:Storage {storage} is this machine's data directory ({RootedPath.DataVariable}): one of them must be another folder.");
        }

        return errors.Count > 0 ? ValidateOptionsResult.Fail(errors) : ValidateOptionsResult.Success;
    }
}
