using System.Text.RegularExpressions;
using Pipeline.Contracts.Broker.V1;
using Pipeline.ServiceDefaults.Endpoints;

namespace Pipeline.Broker.Registry;

/// <summary>What an instance must be like to be registered, as the contract says.</summary>
internal static partial class InstanceRules
{
    private const int MaxAddress = 256;
    private const int MaxKinds = 16;
    private const int MaxEntries = 32;

    /// <summary>Everything that is wrong with it, each by its field's name.</summary>
    public static IReadOnlyList<string> Errors(Instance? instance)
    {
        if (instance is null)
            return ["instance: missing"];
        var errors = new List<string>();
        if (!InstanceId().IsMatch(instance.InstanceId))
            errors.Add("instance_id: must be 1 to 128 of [A-Za-z0-9._-]");
        if (instance.Interface.Length == 0)
            errors.Add("interface: missing");
        CheckText(errors, "interface", instance.Interface, 256);
        if (!Role().IsMatch(instance.Role))
            errors.Add("role: must be 1 to 64 of [a-z0-9-], beginning with a letter");
        if (instance.Address.Length > MaxAddress || !LoopbackAddress.TryParse(instance.Address, out _))
            errors.Add($"address: {LoopbackAddress.Form}");
        CheckKinds(errors, "accepts", instance.Accepts);
        CheckKinds(errors, "emits", instance.Emits);
        CheckText(errors, "version", instance.Version, 64);
        CheckText(errors, "language", instance.Language, 64);
        if (instance.ProcessId < 0)
            errors.Add("process_id: must not be negative");
        if (instance.Metadata.Count > MaxEntries)
            errors.Add($"metadata: more than {MaxEntries} entries");
        else if (instance.Metadata.Any(entry => entry.Key.Length > 64 || entry.Value.Length > 1024 || HasControl(entry.Key) || HasControl(entry.Value)))
            errors.Add("metadata: keys up to 64 and values up to 1,024 characters, no control characters");
        return errors;
    }

    private static void CheckText(List<string> errors, string field, string text, int maxLength)
    {
        if (text.Length > maxLength || HasControl(text))
            errors.Add($"{field}: at most {maxLength} characters, no control characters");
    }

    private static void CheckKinds(List<string> errors, string field, IReadOnlyCollection<string> kinds)
    {
        if (kinds.Count > MaxKinds || kinds.Any(kind => kind.Length is 0 or > 64 || HasControl(kind)))
            errors.Add($"{field}: at most {MaxKinds} kinds of 1 to 64 characters, no control characters");
    }

    // Control characters would reach terminals and logs by way of listings.
    private static bool HasControl(string text) => text.Any(char.IsControl);

    [GeneratedRegex(@"\A[A-Za-z0-9._-]{1,128}\z")]
    private static partial Regex InstanceId();

    [GeneratedRegex(@"\A[a-z][a-z0-9-]{0,63}\z")]
    private static partial Regex Role();
}
