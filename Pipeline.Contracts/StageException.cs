using Pipeline.Contracts.V1;

namespace Pipeline.Contracts;

/// <summary>An attempt cannot go on, for a reason that a person can read: it becomes the contract's Failure.</summary>
public sealed class StageException : Exception
{
    /// <summary>A failure of this stage.</summary>
    /// <param name="reason">Kind, one of <see cref="FailureReasons"/>.</param>
    /// <param name="message">What, where, and what to do.</param>
    /// <param name="retryable">True: another attempt may succeed without anybody's help.</param>
    /// <param name="inner">What caused it.</param>
    public StageException(string reason, string message, bool retryable = false, Exception? inner = null)
        : this(new Failure { Reason = reason, Message = message, Retryable = retryable }, inner)
    {
    }

    /// <summary>A failure as it came from below.</summary>
    public StageException(Failure failure, Exception? inner = null)
        : base(failure.Message, inner) => Failure = failure;

    /// <summary>As it goes up; the runtime fills in instance and role where they are empty.</summary>
    public Failure Failure { get; }
}
