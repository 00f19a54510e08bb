using Pipeline.Contracts;

namespace Pipeline.Client.Views;

/// <summary>What to do about a run that failed, by its reason.</summary>
public static class RunAdvice
{
    /// <summary>What comes before a resume, or in its place.</summary>
    /// <param name="reason">One of <see cref="FailureReasons"/>.</param>
    /// <param name="resume">How to resume the run, as a clause.</param>
    public static string For(string reason, string resume) => reason switch
    {
        FailureReasons.InputUnreadable => $"repair the input, then {resume}",
        // The run would refuse the repaired file: it is not what it was when the run started.
        FailureReasons.InputCorrupt => "repair the input, and start a new run",
        // Its message says that a new run is to be started.
        FailureReasons.InputChanged => $"or, once the input is as it was, {resume}",
        _ => resume,
    };
}
