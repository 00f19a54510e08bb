using System.ComponentModel.DataAnnotations;

namespace Pipeline.AppHost.Supervision;

/// <summary>When a process that ended is started again.</summary>
internal enum RestartCondition
{
    /// <summary>Never.</summary>
    Never,

    /// <summary>When it ended with an exit code other than 0 or by a signal, could not be started, or hung.</summary>
    OnFailure,

    /// <summary>After every end that was not requested.</summary>
    Always,
}

/// <summary>A restart policy.</summary>
internal sealed class RestartOptions : IValidatableObject
{
    /// <value>When a process that ended is started again. Default <see cref="RestartCondition.OnFailure"/>.</value>
    [EnumDataType(typeof(RestartCondition), ErrorMessage = "Policy must be Never, OnFailure or Always")]
    public RestartCondition Policy { get; set; } = RestartCondition.OnFailure;

    /// <value>The first delay, up to 1 hour; it doubles from one to the next. Default 200 ms.</value>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan InitialDelay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <value>The longest delay, InitialDelay to 1 hour. Default 30 s.</value>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan MaxDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <value>A process that ran for so long begins again with the initial delay; 1 ms to 1 day. Default 30 s.</value>
    [Range(typeof(TimeSpan), "00:00:00.001", "1.00:00:00")]
    public TimeSpan HealthyAfter { get; set; } = TimeSpan.FromSeconds(30);

    /// <value>So many restarts within <see cref="Window"/>, and no more, 1 to 1,000. Default 10.</value>
    [Range(1, 1000)]
    public int MaxRestarts { get; set; } = 10;

    /// <value>The window in which restarts are counted; 1 ms to 1 day. Default 5 minutes.</value>
    [Range(typeof(TimeSpan), "00:00:00.001", "1.00:00:00")]
    public TimeSpan Window { get; set; } = TimeSpan.FromMinutes(5);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        MaxDelay < InitialDelay ? [new ValidationResult($"MaxDelay must not be below InitialDelay ({InitialDelay}): {MaxDelay}")] : [];
}
