using System.Net;

namespace Pipeline.Stages.Core.Wire;

/// <summary>The body of one call: what gRPC writes first, then whatever the holder of <see cref="Body"/> writes, until he completes it.</summary>
internal sealed class FrameContent : HttpContent
{
    private readonly HttpContent _first;
    private readonly TaskCompletionSource<Stream> _body = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public FrameContent(HttpContent first)
    {
        _first = first;
        foreach (var header in first.Headers)
            Headers.TryAddWithoutValidation(header.Key, header.Value);
    }

    /// <summary>The body, once the first message is on its way, or cannot be sent any more.</summary>
    public Task<Stream> Body => _body.Task;

    /// <summary>Ends the body: no more frames.</summary>
    public void Complete() => _completed.TrySetResult();

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        try
        {
            await _first.CopyToAsync(stream, context, cancellationToken);
            await stream.FlushAsync(cancellationToken);
        }
        finally
        {
            // Also where the peer has answered and ended the call by then: what is written fails, and its answers tell why.
            _body.TrySetResult(stream);
        }

        await _completed.Task.WaitAsync(cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = -1;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        _body.TrySetCanceled();
        _completed.TrySetCanceled();
        _first.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>Gives the one call of its channel a <see cref="FrameContent"/>.</summary>
internal sealed class FrameContentHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private readonly TaskCompletionSource<FrameContent> _content = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The content of the call, once it is sent.</summary>
    public Task<FrameContent> Content => _content.Task;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var content = new FrameContent(request.Content!);
        request.Content = content;
        return _content.TrySetResult(content)
            ? base.SendAsync(request, cancellationToken)
            : throw new InvalidOperationException("A frame channel is for one call.");
    }
}
