using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Bridge.Programs;

/// <summary>The program that does a stage's work.</summary>
internal interface IUserProgram
{
    /// <summary>Opens an attempt; a program that is to be started and is not running is started first.</summary>
    /// <param name="open">The attempt.</param>
    /// <param name="columns">What the stages below want.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="StageException">It cannot be started or reached, or cannot do this run.</exception>
    Task<TransformCall> OpenAsync(OpenRun open, IReadOnlyList<string> columns, CancellationToken cancellationToken);
}
