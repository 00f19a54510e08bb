using System.Net;

namespace Pipeline.Client.Runs;

/// <summary>The orchestrator refused a call, or none answers.</summary>
/// <param name="message">What is wrong; a line for each field of a request.</param>
/// <param name="status">Status of the answer; null where there was none, or none that an orchestrator gives.</param>
/// <param name="inner">What caused it.</param>
public sealed class RunsApiException(string message, HttpStatusCode? status = null, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Status of the answer; null where there was none, or none that an orchestrator gives.</summary>
    public HttpStatusCode? Status { get; } = status;
}
