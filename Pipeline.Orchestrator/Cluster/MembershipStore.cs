using System.Net.Sockets;
using Npgsql;
using StackExchange.Redis;

namespace Pipeline.Orchestrator.Cluster;

/// <summary>The server with the membership table.</summary>
internal static class MembershipStore
{
    // Of PostgreSQL's advisory locks; any number that nobody else of this database uses.
    private const long TablesLock = 0x70697065_6c696e65;

    /// <summary>Options of the connection to Redis, where both ends may show a certificate of the cluster's authority.</summary>
    public static ConfigurationOptions RedisOptions(ClusterSettings settings)
    {
        var options = ConfigurationOptions.Parse(settings.ConnectionString!);
        options.AbortOnConnectFail = true;
        // By default the pauses between attempts grow to a minute.
        options.ReconnectRetryPolicy = new LinearRetry(1_000);
        if (options.Ssl && settings.UsesTls)
        {
            var own = ClusterCertificates.Load(settings).Own;
            options.TrustIssuer(settings.CertificateAuthority!);
            options.CertificateSelection += (_, _, _, _, _) => own;
        }

        return options;
    }

    /// <summary>The connection string of PostgreSQL, which may show a certificate of the cluster's authority.</summary>
    public static string PostgresOptions(ClusterSettings settings)
    {
        var options = new NpgsqlConnectionStringBuilder(settings.ConnectionString);
        if (settings.UsesTls)
            options.RootCertificate ??= settings.CertificateAuthority;
        return options.ConnectionString;
    }

    /// <summary>Checks that the server answers, and makes what Orleans needs there.</summary>
    /// <exception cref="InvalidOperationException">It does not.</exception>
    public static async Task PrepareAsync(ClusterSettings settings, CancellationToken cancellationToken)
    {
        try
        {
            switch (settings.Provider)
            {
                case ClusterProvider.Redis:
                    await using (await ConnectionMultiplexer.ConnectAsync(RedisOptions(settings)))
                        break;
                case ClusterProvider.Postgres:
                    await CreateTablesAsync(PostgresOptions(settings), cancellationToken);
                    break;
            }
        }
        catch (Exception error) when (error is RedisException or NpgsqlException or SocketException or TimeoutException)
        {
            var reason = error.Message.ReplaceLineEndings(" ");
            throw new InvalidOperationException(
                $"The cluster's membership table in {settings.Provider} cannot be reached (Cluster:ConnectionString): {reason}", error);
        }
    }

    private static async Task CreateTablesAsync(string connectionString, CancellationToken cancellationToken)
    {
        using var resource = new StreamReader(typeof(MembershipStore).Assembly.GetManifestResourceStream("Postgres.sql")!);
        var script = await resource.ReadToEndAsync(cancellationToken);
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // CREATE TABLE IF NOT EXISTS fails where another machine does the same at the same time.
        await using var tables = new NpgsqlCommand($"SELECT pg_advisory_xact_lock({TablesLock})", connection, transaction);
        await tables.ExecuteNonQueryAsync(cancellationToken);
        // Without parameters, so that the ones in the texts of the queries are left as they are.
        tables.CommandText = script;
        await tables.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}
