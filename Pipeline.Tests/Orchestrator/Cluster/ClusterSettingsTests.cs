using Microsoft.Extensions.Configuration;
using Pipeline.Orchestrator.Cluster;

namespace Pipeline.Tests.Orchestrator.Cluster;

public sealed class ClusterSettingsTests : FolderTests
{
    private const string RemoteRedis = "10.0.0.9:6379,ssl=true,password=secret";
    private const string RemotePostgres = "Host=db;Password=secret;SSL Mode=VerifyFull";

    [Fact]
    public void Errors_NothingConfigured_None() => Assert.Empty(new ClusterSettings().Errors());

    [Fact]
    public void Errors_Localhost_None() => Assert.Empty(new ClusterSettings { Provider = ClusterProvider.Localhost }.Errors());

    [Theory]
    [InlineData("Redis", "localhost:6379")]
    [InlineData("Redis", "127.0.0.1:6379,[::1]:6380")]
    [InlineData("Redis", RemoteRedis)]
    [InlineData("Postgres", "Host=localhost;Username=pipeline")]
    [InlineData("Postgres", "Host=127.0.0.1,[::1]:5433")]
    [InlineData("Postgres", "Host=/var/run/postgresql")]
    [InlineData("Postgres", RemotePostgres)]
    public void Errors_SafeStore_None(string provider, string connection) => Assert.Empty(Shared(provider, connection).Errors());

    [Theory]
    [InlineData("Redis", "10.0.0.9:6379")]
    [InlineData("Redis", "10.0.0.9:6379,password=secret")]
    [InlineData("Redis", "10.0.0.9:6379,ssl=true")]
    [InlineData("Redis", "localhost:6379,redis.example:6379")]
    [InlineData("Postgres", "Host=db;Password=secret")]
    [InlineData("Postgres", "Host=db;Password=secret;SSL Mode=Require")]
    [InlineData("Postgres", "Host=localhost,db;SSL Mode=VerifyFull")]
    public void Errors_StoreOfAnotherMachineWithoutTlsAndPassword_Refused(string provider, string connection) =>
        AssertError("requires TLS and a password", Shared(provider, connection));

    [Theory]
    [InlineData("Redis", "localhost,colour=red")]
    [InlineData("Postgres", "Colour=red")]
    public void Errors_ConnectionStringOfSomethingElse_Refused(string provider, string connection) =>
        AssertError("is not one of", Shared(provider, connection));

    [Fact]
    public void Errors_NoConnectionString_Refused() => AssertError("Cluster:ConnectionString is missing", Shared("Redis", ""));

    [Fact]
    public void Errors_NoStorage_Refused() =>
        AssertError("Cluster:Storage is missing", new() { Provider = ClusterProvider.Redis, ConnectionString = "localhost" });

    [Fact]
    public void Errors_StorageIsNoDirectory_Refused() =>
        AssertError("is not a directory", new() { Provider = ClusterProvider.Localhost, Storage = InFolder("absent") });

    [Theory]
    [InlineData("")]
    [InlineData("machine")]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    public void Errors_AddressIsNone_Refused(string address) =>
        AssertError("Cluster:Address must be", new() { Provider = ClusterProvider.Localhost, Address = address });

    [Fact]
    public void Errors_AddressBeyondLoopbackWithoutCertificates_Refused() =>
        AssertError("docs/cluster.md", new() { Provider = ClusterProvider.Localhost, Address = "10.0.0.1" });

    [Fact]
    public void Errors_CertificateOfAuthority_None()
    {
        using var authority = new TestAuthority(Folder, "ours");

        Assert.Empty(WithTls(authority, authority.Sign("machine", DateTimeOffset.UtcNow.AddDays(1))).Errors());
    }

    [Fact]
    public void Errors_CertificateOfAnotherAuthority_Refused()
    {
        using var ours = new TestAuthority(Folder, "ours");
        using var others = new TestAuthority(Folder, "others");

        AssertError("not signed by", WithTls(ours, others.Sign("machine", DateTimeOffset.UtcNow.AddDays(1))));
    }

    [Fact]
    public void Errors_CertificateExpired_Refused()
    {
        using var authority = new TestAuthority(Folder, "ours");

        AssertError("is not valid now", WithTls(authority, authority.Sign("machine", DateTimeOffset.UtcNow.AddDays(-1))));
    }

    [Fact]
    public void Errors_CertificateUnreadable_Refused()
    {
        using var authority = new TestAuthority(Folder, "ours");

        AssertError("cannot be read", WithTls(authority, (InFolder("absent.pem"), "absent.key")));
    }

    [Theory]
    [InlineData("Cluster:Provider", "Zookeeper")]
    [InlineData("Cluster:SiloPort", "seven")]
    public void TryRead_ValueOfAnotherKind_IsNull(string name, string value) => Assert.Null(ClusterSettings.TryRead(
        new ConfigurationBuilder().AddInMemoryCollection([new(name, value)]).Build()));

    [Fact]
    public void Difference_AnotherVersion_TellsBoth()
    {
        var ours = Report();

        Assert.Contains(
            "runs version 2.0 of Pipeline, and this machine 1.0", ClusterEntry.Difference(ours, ours with { Version = "2.0" }, "pipeline"));
        Assert.Null(ClusterEntry.Difference(ours, ours with { Clock = ours.Clock + ClusterEntry.ClockTolerance, Cores = 8 }, "pipeline"));
        Assert.NotNull(ClusterEntry.Difference(ours, ours with { Clock = ours.Clock - TimeSpan.FromMinutes(10) }, "pipeline"));
    }

    [Fact]
    public void ReadOrCreate_FromManyMachinesAtOnce_OneIdentity()
    {
        // Often: it is a race.
        for (var round = 0; round < 200; round++)
        {
            var storage = Directory.CreateDirectory(InFolder($"{round}")).FullName;
            var identities = new string[4];

            Parallel.For(0, identities.Length, at => identities[at] = StorageIdentity.ReadOrCreate(storage));

            Assert.Single(identities.Distinct());
            Assert.Single(Directory.GetFiles(storage));
        }
    }

    private static MachineReport Report() => new()
    {
        Name = "machine",
        Cores = 2,
        OpenSlices = 0,
        IsWhole = true,
        Version = "1.0",
        Storage = "a",
        Clock = DateTimeOffset.UnixEpoch,
        WithoutRoute = [],
    };

    private ClusterSettings Shared(string provider, string connection) =>
        new() { Provider = Enum.Parse<ClusterProvider>(provider), Storage = Folder, ConnectionString = connection };

    private static ClusterSettings WithTls(TestAuthority authority, (string Certificate, string Key) own) => new()
    {
        Provider = ClusterProvider.Localhost,
        Address = "10.0.0.1",
        Certificate = own.Certificate,
        CertificateKey = own.Key,
        CertificateAuthority = authority.Path,
    };

    private static void AssertError(string part, ClusterSettings settings) =>
        Assert.Contains(part, Assert.Single(settings.Errors()), StringComparison.Ordinal);
}
