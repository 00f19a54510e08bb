using Microsoft.Extensions.Configuration;

namespace Pipeline.Client.Registration;

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
