namespace Pipeline.AppHost.Supervision;

/// <summary>How a process that runs but does nothing is found: by asking each one over HTTP.</summary>
internal sealed class LivenessOptions
{
    /// <value>Whether hung processes are looked for. Default true.</value>
    public bool Enabled { get; set; } = true;

    /// <value>What is asked for. Default <c>/alive</c>.</value>
    public string Path { get; set; } = "/alive";

    /// <value>The time between an answer and the next question, 50 ms to 1 minute. Default 500 ms.</value>
    public TimeSpan Interval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <value>Without any answer for so long a process counts as hung; 500 ms to 1 hour. Default 2.5 s.</value>
    public TimeSpan Silence { get; set; } = TimeSpan.FromSeconds(2.5);

    /// <value>How long a process may take to its first answer, Silence to 1 hour. Default 1 minute.</value>
    public TimeSpan Startup { get; set; } = TimeSpan.FromMinutes(1);
}

/// <summary>Checks <see cref="LivenessOptions"/>.</summary>
internal static class LivenessValidator
{
    private static readonly TimeSpan Most = TimeSpan.FromHours(1);

    public static void Check(LivenessOptions options, List<string> errors)
    {
        const string place = "Pipeline:Liveness";
        if (!options.Path.StartsWith('/'))
            errors.Add($"{place}:Path must begin with /, unlike '{options.Path}'");
        if (options.Interval < TimeSpan.FromMilliseconds(50) || options.Interval > TimeSpan.FromMinutes(1))
            errors.Add($"{place}:Interval must be 00:00:00.05 to 00:01:00, not {options.Interval}");
        if (options.Silence < TimeSpan.FromMilliseconds(500) || options.Silence > Most)
            errors.Add($"{place}:Silence must be 00:00:00.5 to {Most}, not {options.Silence}");
        if (options.Startup < options.Silence || options.Startup > Most)
            errors.Add($"{place}:Startup must be Silence ({options.Silence}) to {Most}, not {options.Startup}");
    }
}
