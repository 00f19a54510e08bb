namespace Pipeline.AppHost.Supervision;

/// <summary>When a process that ended is started again.</summary>
internal enum RestartCondition
{
    /// <summary>Never.</summary>
    Never,

    /// <summary>When it ended with an exit code other than 0, by a signal, could not be started, or hung.</summary>
    OnFailure,

    /// <summary>Whenever it ended and nobody asked it to.</summary>
    Always,
}

/// <summary>A restart policy.</summary>
internal sealed class RestartOptions
{
    /// <value>When a process that ended is started again. Default <see cref="RestartCondition.OnFailure"/>.</value>
    public RestartCondition Policy { get; set; } = RestartCondition.OnFailure;

    /// <value>The delay before the first restart, 0 to 1 hour; it doubles from restart to restart. Default 200 ms.</value>
    public TimeSpan InitialDelay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <value>The longest delay, InitialDelay to 1 hour. Default 30 s.</value>
    public TimeSpan MaxDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <value>A process that ran for so long begins again with the initial delay; above 0, up to 1 day. Default 30 s.</value>
    public TimeSpan HealthyAfter { get; set; } = TimeSpan.FromSeconds(30);

    /// <value>So many restarts within <see cref="Window"/>, and no more, 1 to 1,000. Default 10.</value>
    public int MaxRestarts { get; set; } = 10;

    /// <value>The window in which restarts are counted; above 0, up to 1 day. Default 5 minutes.</value>
    public TimeSpan Window { get; set; } = TimeSpan.FromMinutes(5);
}

/// <summary>Checks a restart policy.</summary>
internal static class RestartValidator
{
    private static readonly TimeSpan MostDelay = TimeSpan.FromHours(1);
    private static readonly TimeSpan MostWindow = TimeSpan.FromDays(1);

    /// <summary>Adds every error of a policy.</summary>
    /// <param name="options">The policy.</param>
    /// <param name="place">Where it stands in the configuration.</param>
    /// <param name="errors">The errors so far.</param>
    public static void Check(RestartOptions options, string place, List<string> errors)
    {
        if (!Enum.IsDefined(options.Policy))
            errors.Add($"{place}:Policy must be Never, OnFailure or Always, not {options.Policy}");
        if (options.InitialDelay < TimeSpan.Zero || options.InitialDelay > MostDelay)
            errors.Add($"{place}:InitialDelay must be 00:00:00 to {MostDelay}, not {options.InitialDelay}");
        if (options.MaxDelay < options.InitialDelay || options.MaxDelay > MostDelay)
            errors.Add($"{place}:MaxDelay must be InitialDelay ({options.InitialDelay}) to {MostDelay}, not {options.MaxDelay}");
        if (options.HealthyAfter <= TimeSpan.Zero || options.HealthyAfter > MostWindow)
            errors.Add($"{place}:HealthyAfter must be above 0, up to {MostWindow}, not {options.HealthyAfter}");
        if (options.MaxRestarts is < 1 or > 1000)
            errors.Add($"{place}:MaxRestarts must be 1 to 1000, not {options.MaxRestarts}");
        if (options.Window <= TimeSpan.Zero || options.Window > MostWindow)
            errors.Add($"{place}:Window must be above 0, up to {MostWindow}, not {options.Window}");
    }
}
