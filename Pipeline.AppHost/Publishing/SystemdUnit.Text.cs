using System.Globalization;
using System.Text;
using Pipeline.AppHost.Supervision;
using Pipeline.Files;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.AppHost.Publishing;

internal sealed partial record SystemdUnit
{
    private const string StateRoot = "/var/lib/";
    private const string Title = "Pipeline: ";
    private const string Head = "orchestrator";

    // The orchestrator brings its runs to a checkpoint within some seconds (Orchestrator:StopTimeout).
    private const int StopSeconds = 30;

    /// <summary>Whether a file holds a unit of Pipeline; not where it cannot be read.</summary>
    public static bool IsIn(string path)
    {
        try
        {
            return Encoding.UTF8.GetString(SharedFile.ReadAllBytes(path)).Contains($"\nDescription={Title}", StringComparison.Ordinal);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>What is in the unit's file.</summary>
    /// <param name="common">Variables that all units have: they are in an environment file.</param>
    /// <param name="data">The data directory.</param>
    /// <param name="roots">Other directories that may be written below; they must exist.</param>
    public string ToText(IReadOnlyDictionary<string, string> common, string data, IReadOnlyList<string> roots)
    {
        var text = new StringBuilder();
        var paths = string.Join(' ', roots.Select(Quote));
        Section("Unit");
        Add("Description", $"{Title}{Name}{(Replicas is null ? "" : " %i")}");
        Add("PartOf", SystemdFiles.Target);
        Add("Wants", "network-online.target");
        Add("After", string.Join(' ', References.Select(name => $"pipeline-{name}.service").Prepend("network-online.target")));
        // systemd stops units in reverse order: the orchestrator first, which drains its runs.
        Add("Before", Name == Head ? "" : $"pipeline-{Head}.service");
        Add("RequiresMountsFor", paths);
        // It is tried for ever: of a machine in a cluster nobody notices that it has given up.
        Add("StartLimitIntervalSec", "0");

        Section("Service");
        Add("Type", "exec");
        Add("User", SystemdFiles.Account);
        Add("Group", SystemdFiles.Account);
        Add("ExecStart", string.Join(' ', Command.Select(word => Quote(word).Replace("$", "$$", StringComparison.Ordinal))));
        Add("WorkingDirectory", Directory.Replace("%", "%%", StringComparison.Ordinal));
        foreach (var (name, value) in Environment.Where(variable => !common.ContainsKey(variable.Key)))
            Add("Environment", Quote($"{name}={value}"));
        Add("EnvironmentFile", SystemdFiles.SettingsPath);
        Add("EnvironmentFile", SystemdFiles.SecretsPath);
        Add("Restart", Restart switch { RestartCondition.Always => "always", RestartCondition.OnFailure => "on-failure", _ => "no" });
        Add("RestartSec", "1");
        Add("RestartPreventExitStatus", $"{ServiceRunner.Misconfigured}");
        Add("TimeoutStopSec", $"{StopSeconds}");
        Add("UMask", "0027");
        if (data.StartsWith(StateRoot, StringComparison.Ordinal))
        {
            Add("StateDirectory", Quote(data[StateRoot.Length..]));
            Add("StateDirectoryMode", "0750");
        }
        else
        {
            Add("ReadWritePaths", Quote(data));
        }

        Add("ReadWritePaths", paths);
        // Not MemoryDenyWriteExecute, since the just-in-time compiler writes code; not PrivateUsers: stages share memory through /proc.
        foreach (var protection in (string[])
            [
                "NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "ProtectClock", "ProtectControlGroups", "ProtectHostname",
                "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "LockPersonality", "RestrictNamespaces",
                "RestrictRealtime", "RestrictSUIDSGID",
            ])
        {
            Add(protection, "yes");
        }

        Add("ProtectSystem", "strict");
        text.Append("CapabilityBoundingSet=\n");
        Add("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX");
        Add("SystemCallArchitectures", "native");

        Section("Install");
        Add("WantedBy", SystemdFiles.Target);
        Add("DefaultInstance", Replicas is null ? "" : "1");
        return text.ToString();

        void Section(string name) => text.Append(text.Length > 0 ? "\n" : "").Append(CultureInfo.InvariantCulture, $"[{name}]\n");

        void Add(string key, string value) => text.Append(value.Length == 0 ? "" : $"{key}={value}\n");
    }

    // systemd.syntax(7): C escapes within quotes; % begins a specifier.
    private static string Quote(string text)
    {
        var escaped = text.Replace("%", "%%", StringComparison.Ordinal).Replace("\\", @"\\", StringComparison.Ordinal)
            .Replace("\"", "\\\"", StringComparison.Ordinal).ReplaceLineEndings(@"\n");
        var isPlain = escaped == text && text.Length > 0
            && !text.Any(character => char.IsWhiteSpace(character) || character is '\'' or ';' or '#');
        return isPlain ? text : $"\"{escaped}\"";
    }
}
