namespace Pipeline.Bench.Cli;

/// <summary>Something went wrong that a person is told without a stack trace.</summary>
internal sealed class BenchException(string message, Exception? inner = null) : Exception(message, inner);
