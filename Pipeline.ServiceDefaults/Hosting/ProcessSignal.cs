namespace Pipeline.ServiceDefaults.Hosting;

/// <summary>A signal to a process; see signal(7).</summary>
public enum ProcessSignal
{
    /// <summary>SIGKILL: ends at once.</summary>
    Kill,

    /// <summary>SIGTERM: ends in order.</summary>
    Terminate,

    /// <summary>SIGSTOP: is suspended.</summary>
    Stop,

    /// <summary>SIGCONT: goes on.</summary>
    Continue,
}
