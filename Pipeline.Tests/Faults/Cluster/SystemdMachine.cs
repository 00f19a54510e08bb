using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Pipeline.AppHost;
using Pipeline.AppHost.Publishing;

namespace Pipeline.Tests.Faults.Cluster;

/// <summary>
/// A machine whose pipeline runs as units of systemd, which is the first process of a container. It sees the files of the machine that the tests run on;
/// what it writes is gone when it is killed, but for the cluster's folder. It is set up by the commands of the README beside the units.
/// </summary>
/// <param name="host">Where it is in the network.</param>
/// <param name="shared">The cluster's folder; nothing below /tmp, which units do not see.</param>
/// <param name="settings">Of the orchestrator.</param>
internal sealed partial class SystemdMachine(NetworkHost host, string shared, IReadOnlyDictionary<string, string> settings) : IClusterMachine
{
    // Of what is logged, the last of it, in the message of a test that fails.
    private const int LogLines = 60;

    private const string Properties = "ActiveState,SubState,MainPID,NRestarts,Result,ExecMainStatus,InvocationID";
    private const string RuntimeFolder = "/usr/share/dotnet";

    // All mounts are the shell's own, and end with it. With an empty /run there is no other systemd that systemd-nspawn could tell of the container. Each
    // machine has a control group of its own, since its systemd takes all below for its services'.
    private const string Boot = """
        mount -t tmpfs tmpfs /run
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        mount --bind / /mnt
        group=/sys/fs/cgroup/pipeline-$$
        mkdir $group
        (echo 0 > $group/cgroup.procs && exec systemd-nspawn "$@") || true
        exec find $group -depth -type d -exec rmdir {} +
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(10);
    private readonly ConcurrentQueue<string> _console = [];
    private Process? _shell;

    /// <summary>Why there can be none; null where there can.</summary>
    public static string? SkipReason { get; } = NetworkHost.SkipReason
        ?? NetworkHost.Missing("systemd-nspawn", "systemd-container")
        ?? NetworkHost.Missing("dotnet", "dotnet-sdk-10.0")
        ?? NetworkHost.Missing("openssl", "openssl")
        ?? WhyNoOverlay();

    public NetworkHost Host => host;

    /// <summary>The units of its processes.</summary>
    public IEnumerable<string> Services => Step(shared, 6).Split(' ').Where(word => word.EndsWith(".service", StringComparison.Ordinal));

    private static string Units(string shared) => Path.Join(shared, "units");

    // Process id of the container's systemd, outside of it: systemd-nspawn is the shell's child, and systemd that one's. Nothing else in Boot has a parent
    // other than the shell.
    private int? Init => _shell is { HasExited: false } && ChildOf(_shell.Id) is { } nspawn ? ChildOf(nspawn) : null;

    /// <summary>Publishes programs and units into the cluster's folder.</summary>
    public static async Task PublishAsync(string shared, string storage)
    {
        await NetworkHost.OutputOf(new ProcessStartInfo("dotnet", [
            typeof(Projects.Pipeline_AppHost).Assembly.Location, "--operation", "publish", "--step", "systemd", "--output-path", Units(shared),
            $"--Pipeline:Install={Path.Join(shared, "programs")}", $"--Pipeline:Roots:0={storage}"]));
        await NetworkHost.OutputOf(new ProcessStartInfo("sh", ["-ec", Step(shared, 1)]) { WorkingDirectory = Repository.Root });
    }

    /// <inheritdoc/>
    public async Task StartAsync()
    {
        if (Init is null)
        {
            await BootAsync();
            await InstallAsync();
        }
        else
        {
            await RunAsync("systemctl", "start", SystemdFiles.Target);
        }

        await Waiting.UntilAsync(() => File.Exists($"/proc/{Init}/root{SystemdFiles.DefaultData}/endpoint.json"), $"the orchestrator of {host.Name}", Patience);
    }

    /// <inheritdoc/>
    public async Task KillAsync()
    {
        if (_shell is null)
            return;
        await Waiting.UntilAsync(KillInit, $"the container of {host.Name} to end", Patience);
        _shell.Dispose();
        _shell = null;

        bool KillInit()
        {
            if (Init is { } init)
                ServiceProcesses.Kill(init);
            return _shell.HasExited;
        }
    }

    /// <summary>Runs a program on it, as root.</summary>
    /// <returns>Its standard output.</returns>
    public Task<string> RunAsync(params IEnumerable<string> command) =>
        NetworkHost.OutputOf(new ProcessStartInfo("nsenter", ["-t", $"{Init}", "-a", "-r", "-w", "--", .. command]));

    /// <inheritdoc/>
    public Task<string> CommandAsync(params IEnumerable<string> arguments)
    {
        // Not every machine has sudo.
        string[] words = Step(shared, 7).Split(' ');
        Assert.Equal(["sudo", "-u", SystemdFiles.Account, "env"], words[..4]);
        return RunAsync(["runuser", "-u", SystemdFiles.Account, "--", .. words[3..].TakeWhile(word => word != "run"), .. arguments]);
    }

    /// <summary>Writes a setting into the file that has it, be it as a comment.</summary>
    public Task SetAsync(string name, string value) => RunAsync("sh", "-ec", Setting(name, value));

    /// <summary>What systemd says of a unit.</summary>
    public async Task<Dictionary<string, string>> ShowAsync(string unit) => (await RunAsync("systemctl", "show", $"--property={Properties}", unit))
        .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);

    /// <summary>Waits until a unit is as described.</summary>
    public async Task<Dictionary<string, string>> UntilAsync(string unit, Func<Dictionary<string, string>, bool> condition, string what)
    {
        for (var began = Stopwatch.GetTimestamp(); ; await Task.Delay(Glance))
        {
            var now = await ShowAsync(unit);
            if (condition(now))
                return now;
            Assert.True(Stopwatch.GetElapsedTime(began) < Patience, $"waited in vain for {what}: {unit} is {now["ActiveState"]} ({now["SubState"]})");
        }
    }

    /// <inheritdoc/>
    public async Task<string> LogsAsync() => Init is null
        ? string.Join('\n', _console.TakeLast(LogLines))
        : $"--- {host.Name}\n{await RunAsync("journalctl", "-u", "pipeline-*", "-n", $"{LogLines}")}";

    private async Task BootAsync()
    {
        // No services start but those of systemd itself: what is enabled on the machine that the tests run on is hidden.
        var start = host.StartInfo(
            "unshare", "-m", "--", "sh", "-ec", Boot, "sh", "--directory=/mnt", "--volatile=overlay", "--boot", $"--machine={host.Name}", "--quiet",
            "--keep-unit", "--register=no", "--settings=no", "--link-journal=no", "--resolv-conf=off", "--timezone=off",
            "--tmpfs=/etc/systemd/system", "--tmpfs=/usr/lib/systemd/system-generators",
            $"--bind={shared}:{shared}:norbind", $"--bind-ro={ServiceFiles.RuntimeFolder}:{RuntimeFolder}");
        // The root directories of all machines are the same one.
        start.Environment["SYSTEMD_NSPAWN_LOCK"] = "0";
        (start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (true, true, true);
        _shell = new Process { StartInfo = start };
        _shell.OutputDataReceived += (_, line) => _console.Enqueue(line.Data ?? "");
        _shell.ErrorDataReceived += (_, line) => _console.Enqueue(line.Data ?? "");
        _shell.Start();
        _shell.BeginOutputReadLine();
        _shell.BeginErrorReadLine();
        await Waiting.UntilAsync(
            () => _shell.HasExited || (Init is { } init && File.Exists($"/proc/{init}/root/run/systemd/private")), $"systemd of {host.Name}", Patience);
        Assert.False(_shell.HasExited, string.Join('\n', _console));
    }

    private Task InstallAsync()
    {
        // The others are the units' own: README and publish step make them.
        var cluster = settings.Where(setting => setting.Key.StartsWith("Cluster__", StringComparison.Ordinal));
        return RunAsync("sh", "-ec", $"""
            systemctl is-system-running --wait || true
            hostname {host.Name}
            cd {Units(shared)}
            {Step(shared, 2)}
            {Step(shared, 3)}
            {Step(shared, 4)}
            {Step(shared, 5)}
            chown {SystemdFiles.Account}: {settings["Cluster__Storage"]} {settings["Cluster__CertificateKey"]}
            chmod 600 {settings["Cluster__CertificateKey"]}
            {Setting("DOTNET_ROOT", RuntimeFolder)}
            {string.Join('\n', cluster.Select(setting => Setting(setting.Key, setting.Value)))}
            {Step(shared, 6)}
            """);
    }

    // Fails where no file has it.
    private static string Setting(string name, string value) => $"""
        file=$(grep -lE '^#?{name}=' /etc/pipeline/*.env)
        sed -Ei 's|^#?{name}=.*|{name}={value}|' $file
        """;

    // The first command of a step of the README beside the units.
    private static string Step(string shared, int number)
    {
        var readme = File.ReadAllText(Path.Join(Units(shared), "README.md"));
        var step = readme[readme.IndexOf($"\n{number}. ", StringComparison.Ordinal)..];
        return Command().Match(step).Groups[1].Value;
    }

    private static int? ChildOf(int process)
    {
        try
        {
            var children = File.ReadAllText($"/proc/{process}/task/{process}/children").Split(' ');
            return int.TryParse(children[0], NumberStyles.None, CultureInfo.InvariantCulture, out var child) ? child : null;
        }
        catch (IOException)
        {
            // It is gone.
            return null;
        }
    }

    private static string? WhyNoOverlay()
    {
        using var mount = Process.Start(
            new ProcessStartInfo("unshare", ["-m", "mount", "-t", "overlay", "overlay", "-o", "lowerdir=/usr:/etc", "/mnt"]) { RedirectStandardError = true })!;
        var error = mount.StandardError.ReadToEnd();
        mount.WaitForExit();
        return mount.ExitCode == 0 ? null : $"needs the file system overlay: {error.Trim()}";
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Command();
}
