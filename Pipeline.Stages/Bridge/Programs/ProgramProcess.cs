using System.ComponentModel;
using System.Diagnostics;
using Microsoft.Extensions.Options;
using Pipeline.Client.Channels;
using Pipeline.ServiceDefaults.Endpoints;

namespace Pipeline.Stages.Bridge.Programs;

/// <summary>
/// One process of the user's program. It is told where to listen; its output goes to the log; its input is a pipe that ends when this process
/// does, so that a program that reads it learns of that.
/// </summary>
internal sealed partial class ProgramProcess : IDisposable
{
    /// <summary>Environment variable that says where to listen: 127.0.0.1:PORT.</summary>
    public const string AddressVariable = "PIPELINE_TRANSFORM_ADDRESS";

    private readonly Process _process;
    private readonly ILogger _logger;
    private volatile string _lastError = "";

    private ProgramProcess(Process process, Uri address, ILogger logger)
    {
        (_process, Address, _logger) = (process, address, logger);
        process.OutputDataReceived += (_, line) => Log(line.Data, LogLevel.Information);
        process.ErrorDataReceived += (_, line) => Log(line.Data, LogLevel.Warning);
    }

    /// <summary>Where it listens, once it does.</summary>
    public Uri Address { get; }

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Starts the program.</summary>
    /// <exception cref="OptionsValidationException">There is no such program, or no such directory.</exception>
    public static ProgramProcess Start(BridgeOptions options, ILogger logger)
    {
        var address = new Uri($"http://127.0.0.1:{FreePort.Find()}");
        var start = new ProcessStartInfo(options.Command, options.Arguments)
        {
            WorkingDirectory = options.Directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { [AddressVariable] = address.Authority },
        };
        var started = new ProgramProcess(new Process { StartInfo = start }, address, logger);
        try
        {
            started._process.Start();
        }
        catch (Win32Exception exception)
        {
            started.Dispose();
            throw new OptionsValidationException(BridgeOptions.Section, typeof(BridgeOptions), [$"{BridgeOptions.Section}:Command: {exception.Message}"]);
        }

        started._process.BeginOutputReadLine();
        started._process.BeginErrorReadLine();
        started.LogStarted(options.Command, started._process.Id, address.Authority);
        return started;
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>False: it has not ended in time.</returns>
    public async Task<bool> HasExitedAsync(TimeSpan patience, TimeProvider time)
    {
        await _process.WaitForExitAsync().WaitAsync(patience, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return _process.HasExited;
    }

    /// <summary>Its exit code, once it has ended.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>How it ended, to follow its name.</summary>
    public string DescribeExit() =>
        $"ended with exit code {ExitCode}{(_lastError.Length == 0 ? "" : $"; the last line on its standard error: {_lastError}")}";

    /// <summary>Kills it, and all that it has started.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            LogKilled(_process.Id);
            _process.Kill(entireProcessTree: true);
        }

        // Bounded: WaitForExitAsync also waits for the end of the output, which a process that outlived the program may hold open.
        await HasExitedAsync(UserProgram.ExitGrace, TimeProvider.System);
    }

    public void Dispose() => _process.Dispose();

    private void Log(string? line, LogLevel level)
    {
        if (string.IsNullOrWhiteSpace(line))
            return;

        var text = PeerText.Detail(line);
        _lastError = level == LogLevel.Warning ? text : _lastError;
        LogLine(level, text);
    }

    [LoggerMessage(EventId = 6001, Level = LogLevel.Information, Message = "Started '{Command}' as process {Process}, to listen at {Address}")]
    private partial void LogStarted(string command, int process, string address);

    [LoggerMessage(EventId = 6002, Level = LogLevel.Information, Message = "Killing process {Process} and all that it has started")]
    private partial void LogKilled(int process);

    [LoggerMessage(EventId = 6003, Message = "Program: {Line}")]
    private partial void LogLine(LogLevel level, string line);
}
