using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.ServiceDefaults.Endpoints;

namespace Pipeline.Tests.ServiceDefaults.Endpoints;

public sealed class EndpointTests
{
    [Fact]
    public void HttpUrls_SeveralUrls_AreParsed()
    {
        var urls = new HttpUrls("http://localhost:5080; http://127.0.0.1:0;http://[::1]:81");

        Assert.Empty(urls.Errors);
        Assert.Equal([(null, 5080), (IPAddress.Loopback, 0), (IPAddress.IPv6Loopback, 81)], urls.Endpoints);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(";")]
    public void HttpUrls_NoUrl_IsAnyPortOfLoopback(string? text) => Assert.Equal([(IPAddress.Loopback, 0)], new HttpUrls(text).Endpoints);

    [Theory]
    [InlineData("http://0.0.0.0:5080")]
    [InlineData("http://*:5080")]
    [InlineData("http://example.org:5080")]
    [InlineData("https://localhost:5080")]
    [InlineData("localhost")]
    public void HttpUrls_NotHttpOnLoopback_IsAnError(string text) => Assert.Single(new HttpUrls(text).Errors);

    [Fact]
    public async Task Start_EndpointInTheSectionKestrel_IsNotBound()
    {
        await using var service = await ServiceFixture.StartAsync(settings: ("Kestrel:Endpoints:Http:Url", "http://127.0.0.1:0"));

        Assert.Equal(2, service.App.Urls.Count);
    }

    [Fact]
    public async Task WaitForGrpcAddressAsync_ServiceStarts_GivesTheBoundAddress()
    {
        var app = ServiceFixture.Build();
        var endpoints = app.Services.GetRequiredService<BoundEndpoints>();
        var address = endpoints.WaitForGrpcAddressAsync(CancellationToken.None);
        Assert.False(address.IsCompleted);
        Assert.Throws<InvalidOperationException>(() => endpoints.GrpcAddress);

        await app.StartAsync();

        Assert.Equal(endpoints.GrpcAddress, await address);
        Assert.Contains(endpoints.GrpcAddress.GetLeftPart(UriPartial.Authority), app.Urls);
        await app.DisposeAsync();
    }
}
