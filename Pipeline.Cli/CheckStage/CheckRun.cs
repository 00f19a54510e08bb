using Grpc.Core;
using Pipeline.Cli.CheckStage.Hops;
using Pipeline.Client.Channels;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Cli.CheckStage;

/// <summary>One check under way: what it has done, what it expects now, and what it found.</summary>
internal sealed class CheckRun(
    StageTarget target, HopBelow below, string folder, CheckLimits limits, TimeProvider time, CancellationToken cancellation)
{
    private readonly List<Finding> _findings = [];
    private string _sent = "OpenRun, and what an ordinary run has";
    private string _expected = "that it goes through";
    private string _contract = ContractText.Opening;

    /// <summary>The stage.</summary>
    public StageTarget Target => target;

    /// <summary>The hop below it.</summary>
    public HopBelow Below => below;

    /// <summary>Where runs have their folders.</summary>
    public string Folder => folder;

    /// <summary>How long to wait.</summary>
    public CheckLimits Limits => limits;

    /// <summary>The clock.</summary>
    public TimeProvider Time => time;

    /// <summary>Ends the check.</summary>
    public CancellationToken Cancellation => cancellation;

    public IReadOnlyList<Finding> Findings => _findings;

    /// <summary>Why the check cannot be made after all; null = it is made.</summary>
    public string? Skipped { get; set; }

    /// <summary>Says what is done next; what is found until the next step is told with it.</summary>
    public void Step(string sent, string expected, string contract) => (_sent, _expected, _contract) = (sent, expected, contract);

    /// <summary>A finding where something does not hold.</summary>
    public void Require(bool holds, string came)
    {
        if (!holds)
            _findings.Add(new Finding(_sent, came, _expected, _contract));
    }

    /// <summary>Waits for something that the stage owes.</summary>
    /// <param name="owed">Completes when it comes.</param>
    /// <param name="limit">Longest time; null = the usual one.</param>
    /// <exception cref="UnexpectedException">It does not come.</exception>
    public async Task<T> WithinAsync<T>(Task<T> owed, TimeSpan? limit = null)
    {
        await WithinAsync((Task)owed, limit);
        return await owed;
    }

    /// <inheritdoc cref="WithinAsync{T}"/>
    public async Task WithinAsync(Task owed, TimeSpan? limit = null)
    {
        try
        {
            await owed.WaitAsync(limit ?? Limits.Answer, Time, Cancellation);
        }
        catch (TimeoutException)
        {
            throw new UnexpectedException($"not done within {(limit ?? Limits.Answer).TotalSeconds:0.#} s");
        }
    }

    /// <summary>Calls the stage, which must open the hop below, and hands the hop's answer up.</summary>
    /// <param name="open">OpenRun; null = an ordinary one.</param>
    /// <param name="pages">What the hop below answers; null = columns alone.</param>
    /// <param name="headers">Headers beside the key.</param>
    public Task<Attempt> OpenAsync(OpenRun? open = null, IReadOnlyList<RunOpened>? pages = null, Metadata? headers = null) =>
        Attempt.OpenAsync(this, open ?? Messages.Opening.Of(this), pages ?? [Messages.Opening.Answer(Target)], headers ?? []);

    /// <summary>Makes a check, and turns what ends it early into a finding.</summary>
    public async Task RunAsync(Func<CheckRun, Task> check)
    {
        try
        {
            await check(this);
        }
        catch (RpcException exception)
        {
            Require(false, Describe(exception));
        }
        catch (StageException exception) when (exception.Failure.Reason == FailureReasons.ProtocolViolation)
        {
            Step(_sent, "each part of a checkpoint with its checksum", ContractText.Checksum);
            Require(false, exception.Message);
        }
        catch (UnexpectedException exception)
        {
            Require(false, exception.Message);
        }
    }

    /// <summary>How a call ended, with the failure that it carries.</summary>
    public static string Describe(RpcException exception) => Failures.Carried(exception) is { } failure
        ? $"the call ended with {exception.StatusCode} and the failure {failure}"
        : $"the call ended with {PeerText.Describe(exception.Status)}, and without a failure in its trailers";
}

/// <summary>Something came that leaves the check no way to go on.</summary>
internal class UnexpectedException(string came) : Exception(came);

/// <summary>One end of an attempt is gone; the end of the call from above tells why.</summary>
internal sealed class LostException(string came) : UnexpectedException(came);
