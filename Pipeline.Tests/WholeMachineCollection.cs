namespace Pipeline.Tests;

/// <summary>
/// Tests that run alone, after all others: the start of an AppHost with its ten processes needs the whole of a small machine, and fails by
/// its time limits beside other tests.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class WholeMachineCollection
{
    public const string Name = "the whole machine";
}
