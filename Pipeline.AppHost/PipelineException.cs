namespace Pipeline.AppHost;

/// <summary>What went wrong, in words for the user; said in one line, without a stack trace.</summary>
internal class PipelineException(string message) : Exception(message);

/// <summary>The command line is wrong.</summary>
internal sealed class UsageException(string message) : PipelineException(message);
