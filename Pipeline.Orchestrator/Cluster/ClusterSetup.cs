using System.Net;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Pipeline.Orchestrator.Partitions;
using Pipeline.ServiceDefaults.Configuration;
using Pipeline.ServiceDefaults.Endpoints;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Orchestrator.Cluster;

/// <summary>Joins orchestrators to a cluster by Orleans, where the configuration asks for it.</summary>
/// <remarks>
/// Membership, failure detection and placement are Orleans'. What is to be done lies in files of the shared storage.
/// Runs and slices of this machine are registered as <see cref="ISliceWorkers"/> and <see cref="IPartitionedRuns"/> with the key
/// <see cref="Local"/>; without a key they are those of the cluster.
/// </remarks>
internal static class ClusterSetup
{
    /// <summary>Key of the services of this machine.</summary>
    public const string Local = "local";

    /// <summary>Time between two signs of life in the membership table.</summary>
    public static readonly TimeSpan AliveInterval = TimeSpan.FromSeconds(5);

    private const int DefaultPort = 11111;

    // While a machine is lost, Orleans logs stacks several times a second: MembershipWatch says it in a line. What its start fails with, it
    // logs three times, and then that its listener was disposed of; the service says it in one line.
    private static readonly (string Category, LogLevel Least)[] Logs =
    [
        ("Orleans", LogLevel.Critical),
        ("Orleans.Runtime.MembershipService", LogLevel.Error),
        ("Polly", LogLevel.Warning),
        ("Orleans.Runtime.Silo", LogLevel.Critical),
        ("Orleans.Runtime.Messaging.Connection", LogLevel.None),
        ($"{typeof(ClusterSetup).Namespace}.{nameof(MachineService)}", LogLevel.Warning),
    ];

    /// <summary>Adds the cluster, where there is one.</summary>
    public static void AddCluster(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<ClusterSettings>().BindSettings(ClusterSettings.Section);
        builder.Services.AddSingleton<IValidateOptions<ClusterSettings>, ClusterSettingsValidation>();
        if (ClusterSettings.TryRead(builder.Configuration) is not { Provider: not ClusterProvider.None } settings)
            return;

        builder.AddQuietLog(Logs);
        builder.Services.TryAddSingleton<ILocalPipeline, LocalPipeline>();
        builder.UseOrleans(silo =>
        {
            silo.UseMembership(settings);
            silo.AddPipelineGrains(settings);
        });
        builder.Services.Replace(ServiceDescriptor.Singleton<IFatalErrorHandler>(
            new LostMembership(() => ProcessIdentity.Current.Kill(entireTree: false))));
    }

    /// <summary>Adds what this machine does as a member, whatever the membership is kept in.</summary>
    public static void AddPipelineGrains(this ISiloBuilder silo, ClusterSettings settings)
    {
        var services = silo.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(settings);
        services.AddSingleton<LocalMachine>();
        services.AddSingleton<MachineClient>();
        services.AddSingleton<Machines>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, ClusterEntry>();
        services.AddSingleton<ClusterWorkers>();
        services.AddSingleton<ISliceWorkers>(provider => provider.GetRequiredService<ClusterWorkers>());
        services.AddSingleton<IClusteredRuns>(provider => provider.GetRequiredService<ClusterWorkers>());
        services.AddHostedService<MembershipWatch>();
        services.AddHostedService<ActiveRunsWatch>();
        silo.AddGrainService<MachineService>();
        silo.AddPlacementDirector<LeastLoadedPlacement, LeastLoadedDirector>();
        silo.Configure<ClusterMembershipOptions>(options =>
        {
            options.ProbeTimeout = TimeSpan.FromSeconds(1);
            options.MaxProbeTimeout = TimeSpan.FromSeconds(1.5);
            options.NumMissedProbesLimit = 3;
            // Of two machines, Orleans lets one decide.
            options.NumVotesForDeathDeclaration = 2;
            options.TableRefreshTimeout = TimeSpan.FromSeconds(5);
            options.IAmAliveTablePublishTimeout = AliveInterval;
            options.MaxJoinAttemptTime = TimeSpan.FromSeconds(30);
        });
        // Otherwise the grains of a machine that was declared dead would be placed on no other for half a minute, lest there be two of
        // them, which is harmless here.
        silo.Configure<GrainDirectoryOptions>(options => options.RangeLeaseDuration = TimeSpan.Zero);
#pragma warning disable ORLEANSEXP003 // The directory by which a lost machine takes no entries of others with it is a preview.
        silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
    }

    private static void UseMembership(this ISiloBuilder silo, ClusterSettings settings)
    {
        var address = IPAddress.Parse(settings.Address);
        var port = (settings.SiloPort, settings.IsShared) switch
        {
            (0, true) => DefaultPort,
            (0, false) => FreePort.Find(),
            _ => settings.SiloPort,
        };
        // No gateway: the only clients are the members.
        silo.ConfigureEndpoints(address, port, gatewayPort: 0);
        silo.Configure<ClusterOptions>(options => options.ClusterId = options.ServiceId = settings.Id);
        silo.Configure<SiloOptions>(options => options.SiloName = Environment.MachineName);
        if (settings.UsesTls)
            silo.UseTls(ClusterCertificates.Load(settings).Apply);
        switch (settings.Provider)
        {
            case ClusterProvider.Localhost:
                silo.UseDevelopmentClustering(new IPEndPoint(address, port));
                break;
            case ClusterProvider.Redis:
                silo.UseRedisClustering(options => options.ConfigurationOptions = MembershipStore.RedisOptions(settings));
                break;
            case ClusterProvider.Postgres:
                silo.UseAdoNetClustering(options =>
                    (options.Invariant, options.ConnectionString) = ("Npgsql", MembershipStore.PostgresOptions(settings)));
                break;
        }
    }
}
