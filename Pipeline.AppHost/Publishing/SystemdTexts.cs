using Pipeline.Client.Runs;

namespace Pipeline.AppHost.Publishing;

/// <summary>The files beside the units.</summary>
internal static class SystemdTexts
{
    /// <summary>The target.</summary>
    public const string TargetUnit = """
        [Unit]
        Description=Pipeline
        
        [Install]
        WantedBy=multi-user.target

        """;

    private static readonly string[] OwnSecrets = ["PIPELINE_KEY", "Cluster__ConnectionString"];

    private const string EndpointFileName = "endpoint.json";

    /// <summary>Secrets; without values, because this folder is copied about.</summary>
    /// <param name="names">Variables of the processes that hold one.</param>
    public static string Secrets(IEnumerable<string> names) => $"""
        # Read by systemd as root: mode 0600. The key is that of this machine's services; `openssl rand -hex 32` makes one.
        PIPELINE_KEY=
        # Of a cluster:
        #Cluster__ConnectionString=
        {string.Concat(names.Except(OwnSecrets).Order(StringComparer.Ordinal).Select(name => $"# Of a process, left out of its unit:\n{name}=\n"))}
        """;

    /// <summary>Settings of a machine.</summary>
    /// <param name="common">What all services have.</param>
    public static string Settings(IReadOnlyDictionary<string, string> common) => $"""
        # Settings of this machine. What stands here goes before what the units say.
        {string.Join('\n', common.Select(variable => $"{variable.Key}={Quote(variable.Value)}"))}
        PIPELINE_ENDPOINT_FILE={Quote($"{common["PIPELINE_DATA"]}/{EndpointFileName}")}
        #OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317
        # A .NET runtime that is not in its default place:
        #DOTNET_ROOT=/usr/share/dotnet
        # More than one machine: docs/cluster.md. Cluster__Storage lies below PIPELINE_ROOTS.
        #Cluster__Provider=Redis
        #Cluster__Id=pipeline
        #Cluster__Storage=/srv/pipeline
        #Cluster__Address=192.0.2.1
        #Cluster__SiloPort=11111
        #Cluster__Certificate=/etc/pipeline/machine.pem
        #Cluster__CertificateKey=/etc/pipeline/machine.key
        #Cluster__CertificateAuthority=/etc/pipeline/authority.pem

        """;

    /// <summary>How to install them.</summary>
    /// <param name="programs">Projects and where their programs are to be.</param>
    /// <param name="data">The data directory.</param>
    /// <param name="units">The units to be enabled.</param>
    public static string Readme(IReadOnlyDictionary<string, string> programs, string data, IReadOnlyList<string> units)
    {
        var command = programs.Single(program => program.Key.EndsWith("Pipeline.Cli.csproj", StringComparison.Ordinal)).Value;
        var folder = command[..command.IndexOf("/Pipeline.Cli/", StringComparison.Ordinal)];
        return $"""
            # Pipeline as units of systemd

            As root, except for the first step, which needs the SDK and the source; the machine itself needs the ASP.NET Core 10 runtime.

            1. Programs, from the folder of the source, into the place that the units name:
               `for p in {string.Join(' ', programs.Keys)}; do dotnet publish $p -c Release -o {folder}/$(basename $p .csproj); done`
            2. The account, with the same number on all machines that share a storage:
               `useradd --system --uid 970 --home-dir {data} --shell /usr/sbin/nologin {SystemdFiles.Account}`
            3. `install -m 644 *.service *.target /etc/systemd/system/`
            4. `install -D -m 644 pipeline.env {SystemdFiles.SettingsPath} && install -m 600 secrets.env {SystemdFiles.SecretsPath}`
            5. `sed -i "s/^PIPELINE_KEY=$/PIPELINE_KEY=$(openssl rand -hex 32)/" {SystemdFiles.SecretsPath}`, and the settings in {SystemdFiles.SettingsPath}.
               Directories in PIPELINE_ROOTS must exist and belong to the account; new ones go into ReadWritePaths= of the units, too (write the units again).
            6. `systemctl daemon-reload && systemctl enable --now {SystemdFiles.Target} {string.Join(' ', units)}`
            7. Runs: `sudo -u {SystemdFiles.Account} env {EndpointFile.Variable}={data}/{EndpointFileName} {command} run --input FILE --output FILE`
            8. One more process of a stage: `systemctl enable --now pipeline-parse@2`. All stop by `systemctl stop {SystemdFiles.Target}`:
               the orchestrator first, which brings its runs to a checkpoint. Logs: `journalctl -u 'pipeline-*'`. Exit code 78 means a wrong
               setting, and is not tried again.

            """;
    }

    // systemd.exec(5), EnvironmentFile: as in a shell, and nothing is expanded.
    private static string Quote(string text) => text.All(character => char.IsAsciiLetterOrDigit(character) || "/._-:=+,".Contains(character))
        ? text
        : $"\"{text.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
