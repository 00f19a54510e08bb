namespace Pipeline.Tests.Faults.Cluster;

/// <summary>A machine of a cluster: a whole pipeline on a host of its own.</summary>
internal interface IClusterMachine
{
    NetworkHost Host { get; }

    /// <summary>Starts all its processes.</summary>
    Task StartAsync();

    /// <summary>Kills all its processes at once, as when a machine loses its power; none is started again.</summary>
    Task KillAsync();

    /// <summary>What the command line says here.</summary>
    Task<string> CommandAsync(params IEnumerable<string> arguments);

    /// <summary>What its processes have written, the last of it.</summary>
    Task<string> LogsAsync();
}
