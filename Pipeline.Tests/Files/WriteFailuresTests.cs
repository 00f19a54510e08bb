using Pipeline.Contracts;
using Pipeline.Files;

namespace Pipeline.Tests.Files;

public sealed class WriteFailuresTests
{
    [Fact]
    public void ToStageException_FileThatCannotBeRead_IsNotToldAsAFailedWrite()
    {
        var failure = WriteFailures.ToStageException(new EndOfStreamException("'/runs/r/groups.1' has become shorter")).Failure;

        Assert.Equal((FailureReasons.OutputUnwritable, false), (failure.Reason, failure.Retryable));
        Assert.Equal("A file of the run or its output cannot be written or read: '/runs/r/groups.1' has become shorter", failure.Message);
    }
}
