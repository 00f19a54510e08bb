using System.Net;
using Microsoft.Extensions.Options;
using Pipeline.ServiceDefaults.Security;
using Pipeline.Tests.Broker;

namespace Pipeline.Tests.ServiceDefaults.Security;

public sealed class KeyTests
{
    [Theory]
    [InlineData("Bearer secret", true)]
    [InlineData("bearer secret", false)]
    [InlineData("Bearer secret ", false)]
    [InlineData("Bearer secre", false)]
    [InlineData("Bearer secrett", false)]
    [InlineData("Bearer ", false)]
    [InlineData("secret", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Matches_AnyHeader_AcceptsTheExactKeyOnly(string? authorization, bool matches) =>
        Assert.Equal(matches, new SharedKey(Options.Create(new SharedKeyOptions { Key = "secret" })).Matches(authorization));

    [Fact]
    public async Task GrpcPort_WithoutTheKey_AnswersNothing()
    {
        await using var service = await ServiceFixture.StartAsync();
        using var http = NewHttp2Client(service.GrpcAddress);

        using var refused = await http.GetAsync("/health");
        using var unknown = await http.GetAsync("/no.such.Service/Method");

        Assert.All([refused, unknown], response => Assert.Equal("16", response.Headers.GetValues("grpc-status").Single()));
        http.DefaultRequestHeaders.Add("authorization", $"Bearer {BrokerFixture.Key}");
        using var answered = await http.GetAsync("/health");
        Assert.Equal("Healthy", await answered.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task GrpcPort_WithoutTheKey_RefusesBeforeTheMessageIsRead()
    {
        await using var service = await ServiceFixture.StartAsync();
        using var http = NewHttp2Client(service.GrpcAddress);
        // A body that never ends: whoever read it would wait.
        var body = new EndlessContent();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/grpc.health.v1.Health/Check")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = body,
        };

        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Waiting.Limit);

        Assert.Equal("16", response.Headers.GetValues("grpc-status").Single());
        body.End();
    }

    private static HttpClient NewHttp2Client(Uri address) => new()
    {
        BaseAddress = address,
        DefaultRequestVersion = HttpVersion.Version20,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private sealed class EndlessContent : HttpContent
    {
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public EndlessContent() => Headers.ContentType = new("application/grpc");

        public void End() => _end.TrySetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            // The head of a message of 8 MiB, and a little of it.
            await stream.WriteAsync(new byte[] { 0, 0, 0x80, 0, 0, 1, 2, 3 });
            await stream.FlushAsync();
            await _end.Task;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
