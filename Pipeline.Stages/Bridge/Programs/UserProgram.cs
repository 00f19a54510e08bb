using System.Net.Sockets;
using Grpc.Core;
using Microsoft.Extensions.Options;
using Pipeline.Client.Channels;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Stages.Bridge.Programs;

/// <summary>
/// The user's program: started here with the stage, again for the next attempt where it has ended or was killed because it hangs, or found at an
/// address. Whatever it does wrong becomes a failure of the attempt that names it, and the attempt is made again.
/// </summary>
internal sealed class UserProgram(
    IOptions<BridgeOptions> options, PipelineChannels channels, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<UserProgram> logger)
    : IHostedService, IDisposable
{
    /// <summary>Time in which a program that has broken its connection has ended, too, where that is why.</summary>
    public static readonly TimeSpan ExitGrace = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan ConnectInterval = TimeSpan.FromMilliseconds(50);

    private readonly SemaphoreSlim _starting = new(1);
    private ProgramProcess? _process;

    /// <summary>Time to an answer.</summary>
    public TimeSpan AnswerTimeout => options.Value.AnswerTimeout;

    /// <summary>The clock.</summary>
    public TimeProvider Time => time;

    private string Name => options.Value.Command.Length > 0
        ? $"the program of {options.Value.Role} ({string.Join(' ', options.Value.Arguments.Prepend(options.Value.Command))})"
        : $"the program of {options.Value.Role} at {options.Value.Address}";

    /// <summary>Opens an attempt; a program that is to be started and is not running is started first.</summary>
    /// <param name="open">The attempt.</param>
    /// <param name="columns">What the stages below want.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="StageException">It cannot be started or reached, or cannot do this run.</exception>
    public async Task<TransformCall> OpenAsync(OpenRun open, IReadOnlyList<string> columns, CancellationToken cancellationToken)
    {
        var process = options.Value.Address.Length > 0 ? null : await StartedAsync(cancellationToken);
        var channel = channels.Create(process?.Address ?? new Uri(options.Value.Address));
        return await TransformCall.OpenAsync(this, process, channel, open, columns, cancellationToken);
    }

    /// <inheritdoc/>
    /// <exception cref="OptionsValidationException">The program cannot be started.</exception>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Value.Command.Length > 0)
            _process = ProgramProcess.Start(options.Value, logger);

        // This process may not get to StopAsync: the host waits first for open attempts, and AppHostWatch not as long.
        lifetime.ApplicationStopping.Register(() =>
        {
            if (AppHostWatch.IsLeftOver)
                _process?.KillAsync();
        });
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => _process?.KillAsync() ?? Task.CompletedTask;

    public void Dispose()
    {
        _process?.Dispose();
        _starting.Dispose();
    }

    /// <summary>A failure of the program.</summary>
    /// <param name="how">What it did, to follow its name.</param>
    /// <param name="reason">Kind.</param>
    /// <param name="retryable">Whether another attempt may succeed.</param>
    public StageException Failed(string how, string reason = FailureReasons.ProgramFailed, bool retryable = true) =>
        new(reason, PeerText.Message($"{Name} {how}"), retryable);

    /// <summary>A failure of a call. A program that hangs is killed.</summary>
    /// <param name="exception">What the call failed with.</param>
    /// <param name="process">The process that was called, which another attempt may have replaced meanwhile; null: it is not ours.</param>
    public async Task<StageException> FailedAsync(Exception exception, ProgramProcess? process)
    {
        switch (exception)
        {
            case StageException failed when failed.Failure.Reason == FailureReasons.ProgramFailed:
                return failed;
            case StageException violation:
                return Failed($"answered what does not follow pipeline/v1/transform.proto: {violation.Message}");
            case RpcException { StatusCode: StatusCode.InvalidArgument or StatusCode.FailedPrecondition } refused:
                return Failed($"cannot do this run: {refused.Status.Detail}", FailureReasons.InvalidOptions, retryable: false);
        }

        // With a status of its own it lives, and has said what is wrong; one that the client made up has the cause with it.
        var lost = exception is not RpcException { Status.DebugException: null };
        if (lost && process is not null)
        {
            if (await process.HasExitedAsync(ExitGrace, time))
                return Ended(process);

            await process.KillAsync();
        }

        return Failed(exception switch
        {
            TimeoutException => $"did not take a batch or answer within {AnswerTimeout.TotalSeconds:0.###} s",
            RpcException rpc => $"failed: {PeerText.Describe(rpc.Status)}",
            _ => $"failed: {exception.Message}",
        });
    }

    // 78 is EX_CONFIG of sysexits.h: it would not start the next time either.
    private StageException Ended(ProgramProcess process) => Failed(process.DescribeExit(), retryable: process.ExitCode != ServiceRunner.Misconfigured);

    private async Task<ProgramProcess> StartedAsync(CancellationToken cancellationToken)
    {
        await _starting.WaitAsync(cancellationToken);
        try
        {
            if (lifetime.ApplicationStopping.IsCancellationRequested)
                throw Failed("is not started any more: its bridge stops");

            // The former one is not disposed: calls of other attempts may still ask how it ended.
            if (_process is null or { HasExited: true })
                _process = ProgramProcess.Start(options.Value, logger);

            await ListensAsync(_process, cancellationToken);
            return _process;
        }
        catch (OptionsValidationException exception)
        {
            throw Failed($"cannot be started: {exception.Message}");
        }
        finally
        {
            _starting.Release();
        }
    }

    private async Task ListensAsync(ProgramProcess process, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(ConnectInterval, time);
        var began = time.GetTimestamp();
        while (true)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(process.Address.Host, process.Address.Port, cancellationToken);
                return;
            }
            catch (SocketException)
            {
                // Not yet.
            }

            if (process.HasExited)
            {
                await process.HasExitedAsync(ExitGrace, time);
                throw Ended(process);
            }

            if (time.GetElapsedTime(began) > options.Value.StartTimeout)
            {
                await process.KillAsync();
                throw Failed($"did not listen at {process.Address.Authority} within {options.Value.StartTimeout.TotalSeconds:0.###} s");
            }

            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }
}
