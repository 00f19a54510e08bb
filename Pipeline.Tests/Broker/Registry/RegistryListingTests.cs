using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Broker.Registry;
using Pipeline.Contracts.Broker.V1;

namespace Pipeline.Tests.Broker.Registry;

public sealed class RegistryListingTests
{
    private readonly InstanceRegistry _registry = InstanceRegistryTests.NewRegistry(new FakeTimeProvider());

    [Fact]
    public void Lookup_SeveralInstances_AreInOrderOfRegistration()
    {
        foreach (var id in new[] { "c", "a", "b" })
            _registry.Register(BrokerFixture.NewInstance(id));

        var answer = new RegistryListing(_registry).Lookup(new LookupRequest { Interface = "pipeline.v1.Stage" });

        Assert.Equal(["c", "a", "b"], answer.Instances.Select(instance => instance.InstanceId));
        Assert.Equal((3, _registry.Epoch), (answer.Revision, answer.Epoch));
    }

    [Fact]
    public void List_AnyPageSize_GivesEachInstanceOnceAndTheDepartedLast()
    {
        foreach (var id in Enumerable.Range(0, 30).Select(i => $"i-{i}"))
            _registry.Register(BrokerFixture.NewInstance(id));
        foreach (var id in new[] { "i-3", "i-7", "i-3", "i-3" })
        {
            _registry.Register(BrokerFixture.NewInstance(id));
            _registry.TryUnregister(id, 0, out _);
        }

        Gen.Int[1, 50].Sample(size =>
        {
            var pages = Pages(new ListRequest { IncludeDeparted = true, PageSize = size });

            Assert.All(pages.SkipLast(1), page => Assert.Equal(size, page.Instances.Count));
            var all = pages.SelectMany(page => page.Instances).ToList();
            var living = all.Take(28).Select(instance => instance.InstanceId).ToList();
            Assert.Equal(living.Distinct().Order(StringComparer.Ordinal), living);
            // Two of them were replaced first, and then all that registered again left.
            Assert.Equal(
                ["i-3", "i-3", "i-3", "i-3", "i-7", "i-7"], all.Skip(28).Select(instance => instance.InstanceId));
            Assert.Equal(all.Count, all.Select(instance => (instance.InstanceId, instance.RegisteredRevision)).Distinct().Count());
        });
    }

    [Fact]
    public void List_RegistryChangesBetweenPages_ContinuesAfterTheLastInstance()
    {
        foreach (var id in new[] { "a", "b", "c", "d" })
            _registry.Register(BrokerFixture.NewInstance(id));
        var listing = new RegistryListing(_registry);
        var first = listing.List(new ListRequest { PageSize = 2 })!;
        _registry.TryUnregister("b", 0, out _);
        _registry.Register(BrokerFixture.NewInstance("aa"));

        var second = listing.List(new ListRequest { PageSize = 2, PageToken = first.NextPageToken })!;

        Assert.Equal(["c", "d"], second.Instances.Select(instance => instance.InstanceId));
        Assert.Empty(second.NextPageToken);
    }

    [Fact]
    public void List_LargeInstances_SizeOfAPageIsBounded()
    {
        for (var i = 0; i < 600; i++)
            _registry.Register(InstanceRegistryTests.Large($"i-{i}"));

        var pages = Pages(new ListRequest { PageSize = 1000 });

        Assert.True(pages.Count > 1);
        Assert.All(pages, page => Assert.InRange(page.CalculateSize(), 1, 1100 * 1024));
        Assert.Equal(600, pages.Sum(page => page.Instances.Count));
    }

    [Theory]
    [InlineData("l:a:1", true)]
    [InlineData("d:a.b-c:9223372036854775807", true)]
    [InlineData("", true)]
    [InlineData("x:a:1", false)]
    [InlineData("l:a", false)]
    [InlineData("l:a:-1", false)]
    [InlineData("l:a:b", false)]
    [InlineData("l:a:1:2", false)]
    public void TryParse_AnyToken_AcceptsTheExactFormOnly(string text, bool isToken)
    {
        Assert.Equal(isToken, PageToken.TryParse(text, out var token));
        if (token is not null)
            Assert.Equal(text, token.ToString());
    }

    private List<ListResponse> Pages(ListRequest request)
    {
        var listing = new RegistryListing(_registry);
        var pages = new List<ListResponse>();
        do
        {
            pages.Add(listing.List(request)!);
            request.PageToken = pages[^1].NextPageToken;
        }
        while (request.PageToken.Length > 0 && pages.Count < 1000);
        return pages;
    }
}
