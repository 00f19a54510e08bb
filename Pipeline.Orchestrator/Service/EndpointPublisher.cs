using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Pipeline.Client.Runs;
using Pipeline.ServiceDefaults.Endpoints;
using Pipeline.ServiceDefaults.Hosting;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Orchestrator.Service;

/// <summary>Keeps the endpoint file from when the orchestrator listens until it begins to stop.</summary>
internal sealed partial class EndpointPublisher(
    IServer server, BoundEndpoints bound, IHostApplicationLifetime lifetime, IConfiguration configuration, ILogger<EndpointPublisher> logger)
    : BackgroundService
{
    private readonly string _path = EndpointFile.PathIn(name => configuration[name]);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        try
        {
            var endpoint = EndpointOf(await bound.WaitForGrpcAddressAsync(ending.Token));
            endpoint.Write(_path);
            LogWritten(logger, endpoint.Address, _path);
            await Task.Delay(Timeout.Infinite, ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            endpoint.Remove(_path);
        }
        catch (OperationCanceledException)
        {
            // It stops before it has listened.
        }
        catch (Exception error) when (error is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            LogNotWritten(logger, _path, error.Message);
        }
    }

    private EndpointFile EndpointOf(Uri grpc)
    {
        // What the server is bound to is the gRPC endpoint and those of HTTP/1.1.
        var address = server.Features.Get<IServerAddressesFeature>()!.Addresses
            .Select(text => new Uri(text.Replace("://localhost", "://127.0.0.1", StringComparison.Ordinal)))
            .First(uri => uri.Port != grpc.Port);
        var (process, key) = (ProcessIdentity.Current, configuration[SharedKeyOptions.Variable] ?? "");
        return new EndpointFile(address.GetLeftPart(UriPartial.Authority), key, process.Id, process.Start);
    }

    [LoggerMessage(EventId = 3060, Level = LogLevel.Information, Message = "Serves {Address}; clients find it by {Path}")]
    private static partial void LogWritten(ILogger logger, string address, string path);

    [LoggerMessage(EventId = 3061, Level = LogLevel.Warning, Message = "Clients on this machine will not find the orchestrator: {Path}: {Reason}")]
    private static partial void LogNotWritten(ILogger logger, string path, string reason);
}
