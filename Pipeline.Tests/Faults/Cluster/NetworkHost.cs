using System.Diagnostics;
using System.Globalization;

namespace Pipeline.Tests.Faults.Cluster;

/// <summary>A machine of its own as far as network and host name go: a pair of Linux namespaces, joined to others by a bridge.</summary>
internal sealed class NetworkHost : IDisposable
{
    private const string Bridge = "br0";

    // Keeps the namespaces; they go when it ends.
    private readonly Process _keeper;

    private NetworkHost(Process keeper, string name, string address) => (_keeper, Name, Address) = (keeper, name, address);

    public string Name { get; }

    /// <summary>In the network of the bridge.</summary>
    public string Address { get; }

    /// <summary>Why there can be none; null where there can.</summary>
    public static string? SkipReason { get; } =
        !OperatingSystem.IsLinux() ? "needs Linux: namespaces"
        : Environment.UserName != "root" ? "makes network namespaces, which needs root"
        : Missing("ip", "iproute2") ?? Missing("nsenter", "util-linux") ?? Missing("redis-server", "redis-server");

    /// <summary>Makes the host that the bridge is in.</summary>
    public static async Task<NetworkHost> CreateHubAsync(string address)
    {
        var hub = await CreateAsync("hub", address);
        await hub.RunAsync("ip", "link", "add", Bridge, "type", "bridge");
        await hub.RunAsync("ip", "address", "add", $"{address}/24", "dev", Bridge);
        await hub.RunAsync("ip", "link", "set", Bridge, "up");
        return hub;
    }

    /// <summary>Makes a host, and joins it to the bridge.</summary>
    public static async Task<NetworkHost> JoinAsync(NetworkHost hub, string name, string address)
    {
        var host = await CreateAsync(name, address);
        var process = host._keeper.Id.ToString(CultureInfo.InvariantCulture);
        await hub.RunAsync("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", process);
        await hub.RunAsync("ip", "link", "set", name, "master", Bridge, "up");
        await host.RunAsync("ip", "address", "add", $"{address}/24", "dev", "eth0");
        await host.RunAsync("ip", "link", "set", "eth0", "up");
        return host;
    }

    /// <summary>Pulls the cable of a host, or plugs it in again.</summary>
    public Task ConnectAsync(NetworkHost host, bool connected) => RunAsync("ip", "link", "set", host.Name, connected ? "up" : "down");

    /// <summary>How a program is started on this host; the process is the program's own.</summary>
    public ProcessStartInfo StartInfo(string program, params IEnumerable<string> arguments) => new(
        "nsenter", ["-t", _keeper.Id.ToString(CultureInfo.InvariantCulture), "-n", "-u", "--", program, .. arguments]);

    /// <summary>Runs a program to its end.</summary>
    /// <returns>Its standard output.</returns>
    public async Task<string> RunAsync(string program, params IEnumerable<string> arguments) => await OutputOf(StartInfo(program, arguments));

    /// <summary>Starts a program, waits for its end, and requires that it succeeds.</summary>
    /// <returns>Its standard output.</returns>
    public static async Task<string> OutputOf(ProcessStartInfo start)
    {
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{string.Join(' ', start.ArgumentList)}: {errors}");
        return await output;
    }

    public void Dispose()
    {
        _keeper.Kill();
        _keeper.WaitForExit();
        _keeper.Dispose();
    }

    private static async Task<NetworkHost> CreateAsync(string name, string address)
    {
        // It says when it is in its namespaces.
        var start = new ProcessStartInfo(
            "unshare", ["-n", "-u", "--", "sh", "-c", $"hostname {name} && ip link set lo up && echo there && exec sleep infinity"])
        {
            RedirectStandardOutput = true,
        };
        var keeper = Process.Start(start)!;
        Assert.Equal("there", await keeper.StandardOutput.ReadLineAsync());
        return new NetworkHost(keeper, name, address);
    }

    /// <summary>Why a program cannot be used; null where it is there.</summary>
    public static string? Missing(string program, string package)
    {
        string[] folders = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'), "/usr/sbin", "/sbin"];
        return folders.Any(folder => File.Exists(Path.Join(folder, program))) ? null : $"needs the program {program} (Debian package {package})";
    }
}
