using Pipeline.Client.Runs;

namespace Pipeline.Tests;

/// <summary>What every stored run has; a test gives the rest by "with".</summary>
internal static class SampleRun
{
    public const string Id = "20260101-120000-ab12";

    public static Run New(string id = Id, RunState state = RunState.Pending, DateTimeOffset? at = null) => new()
    {
        Id = id,
        State = state,
        Created = at ?? DateTimeOffset.UnixEpoch,
        Updated = at ?? DateTimeOffset.UnixEpoch,
        Options = new RunSettings { Input = "/in" },
        Input = "/in",
        Output = "/out",
    };
}
