using System.Diagnostics;
using System.Globalization;

namespace Pipeline.Tests.Faults.Cluster;

/// <summary>Redis on a host, with TLS and a password, keeping nothing: what is killed comes back empty.</summary>
internal sealed class RedisServer(NetworkHost host, string folder, string authority, (string Certificate, string Key) own) : IAsyncDisposable
{
    private const int Port = 6380;
    private const string Password = "redis-test-password";
    private Process? _process;

    /// <summary>For StackExchange.Redis.</summary>
    public string ConnectionString { get; } = string.Create(CultureInfo.InvariantCulture, $"{host.Address}:{Port},ssl=true,password={Password}");

    /// <summary>Starts it, and waits until it takes connections.</summary>
    public async Task StartAsync()
    {
        Directory.CreateDirectory(folder);
        var start = host.StartInfo(
            "redis-server", "--bind", host.Address, "--port", "0", "--tls-port", $"{Port}", "--requirepass", Password, "--save", "", "--dir", folder,
            "--tls-cert-file", own.Certificate, "--tls-key-file", own.Key, "--tls-ca-cert-file", authority);
        start.RedirectStandardOutput = true;
        _process = Process.Start(start)!;
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.Contains("Ready to accept connections", StringComparison.Ordinal))
            {
                _ = _process.StandardOutput.ReadToEndAsync();
                return;
            }
        }

        Assert.Fail("redis-server ended before it was ready");
    }

    public async Task KillAsync()
    {
        if (_process is null)
            return;
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync() => await KillAsync();
}
