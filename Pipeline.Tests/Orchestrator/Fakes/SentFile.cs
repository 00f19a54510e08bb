using Microsoft.AspNetCore.Components.Forms;

namespace Pipeline.Tests.Orchestrator.Fakes;

/// <summary>A file as a browser sends it.</summary>
internal sealed class SentFile(string name, byte[] content) : IBrowserFile
{
    public bool WasRead { get; private set; }

    /// <summary>What is awaited between its content and its end.</summary>
    public Task End { get; init; } = Task.CompletedTask;

    public string Name => name;

    public DateTimeOffset LastModified => default;

    public long Size { get; init; } = content.Length;

    public string ContentType => "";

    public Stream OpenReadStream(long maxAllowedSize = 512_000, CancellationToken cancellationToken = default)
    {
        WasRead = true;
        return new Sent(content, End);
    }

    private sealed class Sent(byte[] content, Task end) : MemoryStream(content)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Position == Length)
                await end.WaitAsync(cancellationToken);
            return await base.ReadAsync(buffer, cancellationToken);
        }
    }
}
