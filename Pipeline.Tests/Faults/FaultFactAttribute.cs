namespace Pipeline.Tests.Faults;

/// <summary>A test of the long fault suite: eng/faults runs it, the plain test command skips it.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FaultFactAttribute : FactAttribute
{
    public FaultFactAttribute() => Skip = FaultSettings.SkipReason;
}

/// <summary>The same with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FaultTheoryAttribute : TheoryAttribute
{
    public FaultTheoryAttribute() => Skip = FaultSettings.SkipReason;

    /// <value>Whether it mounts a file system.</value>
    public bool NeedsRoot
    {
        get => false;
        set => Skip ??= value && Environment.UserName != "root" ? "mounts a tmpfs, which needs root" : null;
    }
}

/// <summary>Tests that have the machine to themselves.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class FaultCollection
{
    public const string Name = "faults";
}
