using System.Security.Cryptography.X509Certificates;
using Orleans.Connections.Security;

namespace Pipeline.Orchestrator.Cluster;

/// <summary>Certificates of the connections between machines: both ends show one, and accept those that the authority signed.</summary>
/// <param name="own">This machine's, with its private key.</param>
/// <param name="authorities">The authority's.</param>
internal sealed class ClusterCertificates(X509Certificate2 own, X509Certificate2Collection authorities) : IDisposable
{
    /// <summary>This machine's certificate, with its private key.</summary>
    public X509Certificate2 Own => own;

    /// <summary>Reads the files that the settings name.</summary>
    public static ClusterCertificates Load(ClusterSettings settings)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(settings.CertificateAuthority!);
        var own = settings.CertificateKey is { Length: > 0 } key
            ? X509Certificate2.CreateFromPemFile(settings.Certificate!, key)
            : X509CertificateLoader.LoadPkcs12FromFile(settings.Certificate!, password: null);
        return new ClusterCertificates(own, authorities);
    }

    /// <summary>
    /// Whether a certificate is valid now and signed by the cluster's authority. Names are not compared: machines know each other by
    /// IP address, and the authority signs for no one else.
    /// </summary>
    public bool IsMember(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }

    /// <summary>Has Orleans use them.</summary>
    public void Apply(TlsOptions tls)
    {
        tls.LocalCertificate = Own;
        tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.RemoteCertificateValidation = (certificate, _, _) => IsMember(certificate);
        tls.OnAuthenticateAsClient = (_, options) => options.TargetHost = "pipeline";
    }

    public void Dispose()
    {
        own.Dispose();
        foreach (var authority in authorities)
            authority.Dispose();
    }
}
