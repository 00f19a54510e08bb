namespace Pipeline.Contracts;

/// <summary>Kinds of batch that a stage takes or hands on, as it registers them.</summary>
public static class BatchKinds
{
    /// <summary>LineBatch.</summary>
    public const string Lines = "lines";

    /// <summary>EventBatch.</summary>
    public const string Events = "events";

    /// <summary>WorkItemBatch.</summary>
    public const string WorkItems = "work_items";
}
