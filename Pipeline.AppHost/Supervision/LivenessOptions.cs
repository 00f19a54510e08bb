using System.ComponentModel.DataAnnotations;

namespace Pipeline.AppHost.Supervision;

/// <summary>How a process that runs but does nothing is found.</summary>
internal sealed class LivenessOptions : IValidatableObject
{
    /// <value>Whether hung processes are looked for. Default true.</value>
    public bool Enabled { get; set; } = true;

    /// <value>
    /// The time between an answer and the next question, and between two looks at what a silent process does; 50 ms to 1 minute.
    /// Default 500 ms.
    /// </value>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:01:00")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <value>Without any answer and any work for so long a process counts as hung; 500 ms to 1 hour. Default 2.5 s.</value>
    [Range(typeof(TimeSpan), "00:00:00.5", "01:00:00")]
    public TimeSpan Silence { get; set; } = TimeSpan.FromSeconds(2.5);

    /// <value>The same before its first answer, Silence to 1 hour. Default 1 minute.</value>
    [Range(typeof(TimeSpan), "00:00:00.5", "01:00:00")]
    public TimeSpan Startup { get; set; } = TimeSpan.FromMinutes(1);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        Startup < Silence ? [new ValidationResult($"Startup must not be below Silence ({Silence}): {Startup}")] : [];
}
