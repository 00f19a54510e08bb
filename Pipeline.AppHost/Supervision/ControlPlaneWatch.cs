using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.AppHost.Supervision;

/// <summary>
/// Finds out that DCP is gone, which runs the processes of all resources for Aspire and hosts the proxies of their endpoints, such as that
/// of the broker's health. An idle connection to it ends when DCP or the process behind it dies; another connection is then refused only if
/// it was DCP. DCP's API server may die alone, which the rest of it takes some seconds to notice: it is watched by itself.
/// Without DCP no process can be started, stopped or observed any more: all are killed.
/// </summary>
internal sealed class ControlPlaneWatch(
    DistributedApplicationModel model,
    ResourceProcesses processes,
    SupervisionOutcome outcome,
    IHostApplicationLifetime lifetime,
    TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        try
        {
            var broker = model.Resources.OfType<IResourceWithEndpoints>().Single(resource => resource.Name == "broker");
            var port = await broker.GetEndpoint("http").Property(EndpointProperty.Port).GetValueAsync(stopping.Token);
            await await Task.WhenAny(
                UntilGoneAsync(int.Parse(port!, CultureInfo.InvariantCulture), time, stopping.Token),
                UntilEndedAsync(() => processes.ApiServer, time, stopping.Token));
            processes.KillAll();
            outcome.ControlPlaneLost();
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The AppHost stops, and DCP with it.
        }
    }

    /// <summary>Returns when the port, after it was open, is closed: two connections in a row are refused.</summary>
    internal static async Task UntilGoneAsync(int port, TimeProvider time, CancellationToken cancellationToken)
    {
        var wasOpen = false;
        for (var refused = 0; !wasOpen || refused < 2; await Task.Delay(RetryDelay, time, cancellationToken))
        {
            if (await HoldAsync(port, cancellationToken) is not { } held)
                continue;
            wasOpen |= held;
            refused = held ? 0 : refused + 1;
        }
    }

    /// <summary>Returns when a process, after it was found, has ended.</summary>
    internal static async Task UntilEndedAsync(Func<ProcessIdentity?> find, TimeProvider time, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        for (ProcessIdentity? process = null; process is not { IsAlive: false }; process ??= find())
            await timer.WaitForNextTickAsync(cancellationToken);
    }

    // Sends nothing. True: the connection was made, and has ended, as the service ends those that send no key; false: it was refused; null: it could not be
    // made for another reason, such as a lack of descriptors, which says nothing about DCP.
    private static async Task<bool?> HoldAsync(int port, CancellationToken cancellationToken)
    {
        var isMade = false;
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
            isMade = true;
            while (await socket.ReceiveAsync(new byte[256], cancellationToken) > 0)
            {
                // An HTTP/2 server greets.
            }

            return true;
        }
        catch (SocketException exception)
        {
            return isMade ? true : exception.SocketErrorCode == SocketError.ConnectionRefused ? false : null;
        }
    }
}
