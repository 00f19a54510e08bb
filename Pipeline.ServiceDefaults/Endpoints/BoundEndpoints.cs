using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting;

namespace Pipeline.ServiceDefaults.Endpoints;

/// <summary>Where the service really listens, once it does.</summary>
public sealed class BoundEndpoints
{
    private readonly TaskCompletionSource<Uri> _grpcAddress = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ListenOptions? _grpc;

    /// <summary>Waits for nothing yet.</summary>
    public BoundEndpoints(IHostApplicationLifetime lifetime) =>
        lifetime.ApplicationStarted.Register(() =>
        {
            if (GrpcPort is > 0 and var port)
                _grpcAddress.TrySetResult(new Uri($"http://127.0.0.1:{port}"));
        });

    /// <summary>Address of the gRPC endpoint, such as http://127.0.0.1:41234.</summary>
    /// <exception cref="InvalidOperationException">The server does not listen yet.</exception>
    public Uri GrpcAddress => _grpcAddress.Task.IsCompletedSuccessfully
        ? _grpcAddress.Task.Result
        : throw new InvalidOperationException("The server does not listen yet; its address is known once it has started.");

    /// <summary>Port of the gRPC endpoint; -1 as long as it is not known.</summary>
    internal int GrpcPort => (_grpc?.EndPoint as IPEndPoint)?.Port is > 0 and var port ? port : -1;

    /// <summary>Waits until the server listens and gives the address of the gRPC endpoint.</summary>
    public Task<Uri> WaitForGrpcAddressAsync(CancellationToken cancellationToken) => _grpcAddress.Task.WaitAsync(cancellationToken);

    // Kestrel writes the port that it was given into these options when it binds.
    internal void Expect(ListenOptions grpc) => _grpc = grpc;
}
