using System.Net;

namespace Pipeline.Tests;

/// <summary>Answers HTTP requests in the place of a server.</summary>
internal sealed class Answering(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> answer) : HttpMessageHandler
{
    public Answering(HttpStatusCode status, HttpContent? content = null)
        : this((_, _) => Task.FromResult(new HttpResponseMessage(status) { Content = content }))
    {
    }

    /// <summary>One that cannot be reached.</summary>
    public Answering(Exception failure)
        : this((_, _) => Task.FromException<HttpResponseMessage>(failure))
    {
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        answer(request, cancellationToken);
}
