namespace Aspire.Hosting;

/// <summary>What the AppHost was started for.</summary>
public enum DistributedApplicationOperation
{
    /// <summary>To run the application; the only one here.</summary>
    Run,

    /// <summary>To publish it; not supported here.</summary>
    Publish,
}

/// <summary>How the application runs.</summary>
/// <param name="operation">What the AppHost was started for.</param>
public class DistributedApplicationExecutionContext(DistributedApplicationOperation operation)
{
    /// <summary>What the AppHost was started for.</summary>
    public DistributedApplicationOperation Operation { get; } = operation;

    /// <summary>Always false here.</summary>
    public bool IsPublishMode => Operation == DistributedApplicationOperation.Publish;

    /// <summary>Always true here.</summary>
    public bool IsRunMode => Operation == DistributedApplicationOperation.Run;
}
