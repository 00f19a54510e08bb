using System.Xml.Linq;

namespace Pipeline.Tests;

/// <summary>The layers of docs/design.md, as the project files have them.</summary>
public class ProjectReferencesTests
{
    private static readonly EnumerationOptions OneLevelDown = new() { RecurseSubdirectories = true, MaxRecursionDepth = 1 };

    public static TheoryData<string, string[]> Layers => new()
    {
        { "Pipeline.Contracts", [] },
        { "Pipeline.Files", ["Pipeline.Contracts"] },
        { "Pipeline.ServiceDefaults", ["Pipeline.Contracts"] },
        { "Pipeline.Client", ["Pipeline.Contracts", "Pipeline.Files", "Pipeline.ServiceDefaults"] },
        { "Pipeline.Broker", ["Pipeline.Contracts", "Pipeline.ServiceDefaults"] },
        { "Pipeline.Orchestrator", ["Pipeline.Client", "Pipeline.Contracts", "Pipeline.Files", "Pipeline.ServiceDefaults"] },
        { "Pipeline.Stages.Core", ["Pipeline.Client", "Pipeline.Contracts", "Pipeline.Files", "Pipeline.ServiceDefaults"] },
        { "Pipeline.Stages.Ingest", ["Pipeline.Stages.Core"] },
        { "Pipeline.Stages.Parse", ["Pipeline.Stages.Core"] },
        { "Pipeline.Stages.Rules", ["Pipeline.Stages.Core"] },
        { "Pipeline.Stages.Aggregate", ["Pipeline.Stages.Core"] },
        { "Pipeline.Stages.Sink", ["Pipeline.Stages.Core"] },
        { "Pipeline.Stages.Bridge", ["Pipeline.Stages.Core"] },
        {
            "Pipeline.Stages.Monolith",
            [
                "Pipeline.Stages.Aggregate", "Pipeline.Stages.Core", "Pipeline.Stages.Ingest", "Pipeline.Stages.Parse",
                "Pipeline.Stages.Rules", "Pipeline.Stages.Sink",
            ]
        },
        {
            "Pipeline.Cli",
            ["Pipeline.Client", "Pipeline.Contracts", "Pipeline.Files", "Pipeline.ServiceDefaults", "Pipeline.Stages.Monolith"]
        },
    };

    [Theory]
    [MemberData(nameof(Layers))]
    public void Project_References_AreThoseOfItsLayer(string project, string[] references) =>
        Assert.Equal(references, Projects()[project]);

    [Fact]
    public void Projects_AllButThoseThatHostOrMeasure_HaveALayer() => Assert.Equal(
        ["Pipeline.AppHost", "Pipeline.Bench", "Pipeline.Tests"],
        Projects().Keys.Except(Layers.Select(layer => (string)layer[0])).Order(StringComparer.Ordinal));

    // Names of the projects that each project refers to.
    private static Dictionary<string, string[]> Projects() => Directory.EnumerateDirectories(Repository.Root)
        .SelectMany(folder => Directory.EnumerateFiles(folder, "*.csproj", OneLevelDown))
        .ToDictionary(
            path => Path.GetFileNameWithoutExtension(path),
            path => XDocument.Load(path).Descendants("ProjectReference")
                .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value))
                .Order(StringComparer.Ordinal)
                .ToArray());
}
