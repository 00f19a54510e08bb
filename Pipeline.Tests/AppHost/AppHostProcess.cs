using System.Diagnostics;
using System.Text;
using Pipeline.ServiceDefaults.Endpoints;
using Pipeline.Tests.Faults;

namespace Pipeline.Tests.AppHost;

/// <summary>The AppHost as a process of its own, as a person or a script starts it; on free ports.</summary>
internal sealed class AppHostProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly Process _process;
    private readonly string _data;
    private readonly StringBuilder _error = new();

    private AppHostProcess(Process process, string data)
    {
        _process = process;
        _data = data;
    }

    /// <summary>Starts it over a data directory, with more variables for it and all that it starts.</summary>
    public static AppHostProcess Start(string data, IReadOnlyDictionary<string, string> environment, params string[] args)
    {
        string[] command =
        [
            .. Signals.AreIgnored ? ["env", "--default-signal=INT,HUP"] : Array.Empty<string>(),
            "dotnet",
            typeof(Projects.Pipeline_AppHost).Assembly.Location,
            $"--Pipeline:Data={data}",
            $"--Pipeline:Services:broker:Port={FreePort.Find()}",
            $"--Pipeline:Services:orchestrator:Port={FreePort.Find()}",
            $"--Pipeline:Environment:PIPELINE_ENDPOINT_FILE={Path.Combine(data, "endpoint.json")}",
            .. args,
        ];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = data,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // What appsettings.json says, on free ports.
            Environment =
            {
                ["ASPNETCORE_URLS"] = $"http://localhost:{FreePort.Find()}",
                ["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] = $"http://localhost:{FreePort.Find()}",
                ["ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL"] = $"http://localhost:{FreePort.Find()}",
            },
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        // An interrupt is sent to a group.
        if (OperatingSystem.IsWindows())
            start.CreateNewProcessGroup = true;
        return new AppHostProcess(Process.Start(start)!, data);
    }

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>Reads standard error up to a line.</summary>
    public async Task<string> ReadErrorToAsync(Func<string, bool> isWanted)
    {
        while (await _process.StandardError.ReadLineAsync().WaitAsync(Patience) is { } line)
        {
            _error.AppendLine(line);
            if (isWanted(line))
                return line;
        }

        throw new InvalidOperationException($"standard error ended without the line: {_error}");
    }

    /// <summary>Reads standard error up to the line that tells of the run, and gives its id.</summary>
    public async Task<string> ReadRunAsync() =>
        (await ReadErrorToAsync(line => line.StartsWith("run ", StringComparison.Ordinal))).Split(' ')[1];

    /// <summary>Presses Ctrl-C.</summary>
    public void Interrupt() => Signals.Interrupt(_process.Id);

    /// <summary>Closes its terminal.</summary>
    public void HangUp() => Signals.HangUp(_process.Id);

    /// <summary>Waits for its end.</summary>
    public async Task<(int Code, string Output, string Error)> EndAsync()
    {
        var output = _process.StandardOutput.ReadToEndAsync();
        var error = ReadErrorAsync();
        try
        {
            await _process.WaitForExitAsync().WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            lock (_error)
                throw new TimeoutException($"the AppHost has not ended after {Patience.TotalSeconds} s; it wrote: {_error}");
        }

        await error;
        return (_process.ExitCode, await output, _error.ToString());
    }

    // Kept line by line, so that it can be told where the end does not come.
    private async Task ReadErrorAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            lock (_error)
                _error.AppendLine(line);
        }
    }

    /// <summary>Ends it and, on Linux, its services, where a test failed before its end: the data directory can be deleted then.</summary>
    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
            // They would see its death some seconds later, and write until then.
            if (OperatingSystem.IsLinux())
                new ServiceProcesses(_data).End(Patience);
        }

        _process.Dispose();
    }
}
