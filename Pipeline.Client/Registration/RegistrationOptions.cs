using System.ComponentModel.DataAnnotations;
using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace Pipeline.Client.Registration;

/// <summary>What a service tells the broker of itself; section "Registration".</summary>
public sealed class RegistrationOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Registration";

    /// <summary>The same after each restart of the service, and of no other: 1 to 128 of [A-Za-z0-9._-].</summary>
    /// <value>PIPELINE_INSTANCE; else service.instance.id of OTEL_RESOURCE_ATTRIBUTES; else ROLE-PID.</value>
    [RegularExpression("[A-Za-z0-9._-]{1,128}", ErrorMessage = "The instance id must be 1 to 128 of [A-Za-z0-9._-].")]
    [Required]
    public string InstanceId { get; set; } = "";

    /// <summary>Full name of the gRPC service served, such as "pipeline.v1.Stage": 1 to 256 characters.</summary>
    [Required]
    [StringLength(256)]
    public string Interface { get; set; } = "";

    /// <summary>What it does in a pipeline, such as "parse": 1 to 64 of [a-z0-9-], beginning with a letter.</summary>
    [RegularExpression("[a-z][a-z0-9-]{0,63}", ErrorMessage = "The role must be 1 to 64 of [a-z0-9-], beginning with a letter.")]
    [Required]
    public string Role { get; set; } = "";

    /// <summary>Kinds of batch that it takes; at most 16.</summary>
    public IList<string> Accepts { get; } = [];

    /// <summary>Kinds of batch that it hands on; at most 16.</summary>
    public IList<string> Emits { get; } = [];

    /// <summary>Version of the service, up to 64 characters. A run goes on only with the version that it began with.</summary>
    /// <value>That of the program without the commit: the same after another build of the same version.</value>
    [StringLength(64)]
    public string Version { get; set; } =
        Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "";

    /// <summary>Anything else worth telling: at most 32 entries.</summary>
    public IDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();
}

/// <summary>How a service finds the name of its instance.</summary>
public static class InstanceIds
{
    /// <summary>Environment variable that sets it.</summary>
    public const string Variable = "PIPELINE_INSTANCE";

    /// <summary>PIPELINE_INSTANCE; else service.instance.id of OTEL_RESOURCE_ATTRIBUTES; else ROLE-PID.</summary>
    public static string Resolve(IConfiguration configuration, string role)
    {
        if (configuration[Variable] is { Length: > 0 } instance)
            return instance;
        const string Attribute = "service.instance.id=";
        var attribute = (configuration["OTEL_RESOURCE_ATTRIBUTES"] ?? "")
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .FirstOrDefault(entry => entry.StartsWith(Attribute, StringComparison.Ordinal));
        return attribute?.Length > Attribute.Length ? Uri.UnescapeDataString(attribute[Attribute.Length..]) : $"{role}-{Environment.ProcessId}";
    }
}

/// <summary>A lease as its holder knows it: it counts from when the renewal was sent, so never longer than the broker does.</summary>
internal sealed record HeldLease(long LeaseId, TimeSpan TimeToLive, long RenewedAt)
{
    /// <summary>Whether the broker can still hold it for alive.</summary>
    public bool IsAlive(TimeProvider time) => time.GetElapsedTime(RenewedAt) < TimeToLive;
}
