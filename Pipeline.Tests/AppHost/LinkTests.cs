using Aspire.Hosting.ApplicationModel;

namespace Pipeline.Tests.AppHost;

/// <summary>What the dashboard links to.</summary>
[Collection(WholeMachineCollection.Name)]
public sealed class LinkTests
{
    [Fact]
    public async Task Urls_OfTheOrchestrator_LeadToThePageTheApiDocumentAndHealth()
    {
        await using var host = await AppHostUnderTest.StartAsync();
        var orchestrator = await host.WaitForAsync("orchestrator", change =>
            change.Snapshot.State?.Text == KnownResourceStates.Running && change.Snapshot.Urls.All(url => !url.IsInactive) && change.Snapshot.Urls.Length > 0);

        var links = orchestrator.Snapshot.Urls.ToDictionary(url => url.DisplayProperties.DisplayName, url => new Uri(url.Url));

        Assert.Equal(["API document", "Health", "Page"], links.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(("/openapi/v1.json", "/health"), (links["API document"].AbsolutePath, links["Health"].AbsolutePath));
        Assert.Single(links.Values.Select(link => link.Authority).Distinct());
    }
}
