using System.Diagnostics;
using System.Globalization;
using DuckDB.NET.Data;
using Pipeline.Bench.Figures;
using Pipeline.Bench.Services;

namespace Pipeline.Bench.Rows;

/// <summary>
/// DuckDB in this process, two threads, the default rules and groups as a query on the same file. It sets no checkpoints, keeps no
/// rejects and writes no file.
/// </summary>
internal sealed class DuckDbRow : IRow, IDisposable
{
    /// <summary>Name in the report.</summary>
    public const string RowName = "DuckDB, 2 threads";

    private readonly DuckDBConnection _connection = new("DataSource=:memory:");
    private readonly DuckDBCommand _query;

    public DuckDbRow(Workload workload)
    {
        _connection.Open();
        using (var set = _connection.CreateCommand())
        {
            set.CommandText = "SET threads=2";
            set.ExecuteNonQuery();
        }

        _query = _connection.CreateCommand();
        _query.CommandText = $$"""
            SELECT type, count(*), sum(value)::BIGINT, avg(value)
            FROM read_json('{{workload.Input.Replace("'", "''", StringComparison.Ordinal)}}', format = 'newline_delimited',
                columns = {ts: 'VARCHAR', type: 'VARCHAR', "user": 'VARCHAR', value: 'BIGINT'})
            WHERE type <> 'view' AND value >= 10
            GROUP BY type ORDER BY type
            """;
    }

    public string Name => RowName;

    public async Task<Outcome> RunAsync(CancellationToken cancellationToken)
    {
        PeakMemory.Forget(Environment.ProcessId);
        var cpu = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        var groups = new List<GroupResult>();
        await using (var reader = await _query.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                groups.Add(new GroupResult(
                    reader.GetString(0), Convert.ToInt64(reader.GetValue(1), CultureInfo.InvariantCulture), reader.GetInt64(2), reader.GetDouble(3)));
            }
        }

        var seconds = clock.Elapsed.TotalSeconds;
        cpu = Environment.CpuUsage.TotalTime - cpu;
        return new Outcome(
            new Measurement { Seconds = seconds, CpuSeconds = cpu.TotalSeconds, PeakRssBytes = InProcess.PeakRss() }, null, groups);
    }

    public void Dispose()
    {
        _query.Dispose();
        _connection.Dispose();
    }
}
