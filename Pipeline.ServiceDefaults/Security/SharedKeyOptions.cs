using System.ComponentModel.DataAnnotations;

namespace Pipeline.ServiceDefaults.Security;

/// <summary>The secret that all services of one pipeline share; read from PIPELINE_KEY. There is no default.</summary>
public sealed class SharedKeyOptions
{
    /// <summary>Environment variable and configuration key.</summary>
    public const string Variable = "PIPELINE_KEY";

    /// <summary>1 to 512 visible ASCII characters, so that it fits into a header as it is.</summary>
    [Required(ErrorMessage = $"{Variable} is not set: every service needs the key that its pipeline shares, such as one from `openssl rand -hex 32`.")]
    [RegularExpression("[!-~]{1,512}", ErrorMessage = $"{Variable} must be 1 to 512 visible ASCII characters.")]
    public string Key { get; set; } = "";
}
