using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Pipeline.ServiceDefaults.Endpoints;
using Pipeline.Stages.Bridge.BuiltIn;

namespace Pipeline.Stages.Bridge;

/// <summary>What does a stage's work: a program, and how long it may take, or a bridge that needs none; section "Bridge".</summary>
public sealed class BridgeOptions : IValidatableObject
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Bridge";

    /// <summary>What the stage does in a pipeline, such as "rules".</summary>
    public string Role { get; set; } = "";

    /// <summary>The program to start, a path or a name on PATH; empty: it is running already, at <see cref="Address"/>.</summary>
    public string Command { get; set; } = "";

    /// <summary>Its arguments.</summary>
    public List<string> Arguments { get; set; } = [];

    /// <summary>Where it runs.</summary>
    /// <value>Default: the working directory.</value>
    public string Directory { get; set; } = "";

    /// <summary>An http URI on loopback where a program serves pipeline.v1.Transform that somebody else starts.</summary>
    public string Address { get; set; } = "";

    /// <summary>A bridge that needs no program, in the place of both.</summary>
    public BuiltInBridge? BuiltIn { get; set; }

    /// <summary>Of <see cref="BuiltInBridge.Policy"/>.</summary>
    [ValidateObjectMembers]
    public PolicyOptions Policy { get; set; } = new();

    /// <summary>Batches that may wait for their answers: 1 to 1,024.</summary>
    /// <value>Default 16.</value>
    [Range(1, 1024)]
    public int MaxInFlight { get; set; } = 16;

    /// <summary>Time to an answer, after which the program hangs: 1 s to 1 h.</summary>
    /// <value>Default 20 s.</value>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan AnswerTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Time until a program that was started listens: 1 s to 10 min.</summary>
    /// <value>Default 20 s. The stages above wait as long, whatever their own limit.</value>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>The role, for what is set up before the options are checked.</summary>
    public static string RoleOf(IConfiguration configuration) => configuration[$"{Section}:{nameof(Role)}"] is { Length: > 0 } role ? role : "bridge";

    /// <summary>
    /// Tells programs apart by how they are started, and policies by what they let pass; a program that runs already (<see cref="Address"/>) is only
    /// told from a stage without a bridge.
    /// </summary>
    public static string DigestOf(IConfiguration configuration)
    {
        var section = configuration.GetSection(Section);
        var start = new[] { section[nameof(Command)], section[nameof(Directory)], section[nameof(BuiltIn)] }
            .Concat(new[] { section.GetSection(nameof(Arguments)), section.GetSection(nameof(Policy)) }
                .SelectMany(list => list.AsEnumerable(makePathsRelative: true))
                .OrderBy(setting => setting.Key, StringComparer.Ordinal)
                .Select(setting => $"{setting.Key}={setting.Value}"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', start)))[..8]);
    }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Role.Length == 0)
            yield return new ValidationResult($"{nameof(Role)} must be what the stage does in a pipeline, such as rules", [nameof(Role)]);

        if (new[] { Command.Length > 0, Address.Length > 0, BuiltIn is not null }.Count(isSet => isSet) != 1)
            yield return new ValidationResult($"exactly one of {nameof(Command)}, {nameof(Address)} and {nameof(BuiltIn)} must be set", [nameof(Command)]);

        if (BuiltIn is { } bridge && !Enum.IsDefined(bridge))
            yield return new ValidationResult($"{nameof(BuiltIn)} must be log or policy, not {bridge}", [nameof(BuiltIn)]);

        if (BuiltIn == BuiltInBridge.Policy)
        {
            foreach (var error in Policy.Errors())
                yield return new ValidationResult($"{nameof(Policy)}: {error}", [nameof(Policy)]);
        }

        if (Address.Length > 0 && !LoopbackAddress.TryParse(Address, out _))
            yield return new ValidationResult($"{nameof(Address)} is '{Address}': it {LoopbackAddress.Form}", [nameof(Address)]);
    }
}
