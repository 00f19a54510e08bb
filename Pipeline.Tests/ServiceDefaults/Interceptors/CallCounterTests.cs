using Pipeline.ServiceDefaults.Interceptors;

namespace Pipeline.Tests.ServiceDefaults.Interceptors;

public sealed class CallCounterTests
{
    [Fact]
    public void PlacesAreGivenBackAndNothingStays()
    {
        var counter = new CallCounter();
        var places = Enumerable.Range(0, 3).Select(_ => counter.TryEnter("a", 3)!).ToList();

        Assert.Null(counter.TryEnter("a", 3));
        Assert.NotNull(counter.TryEnter("b", 3));
        places[0].Dispose();
        Assert.NotNull(counter.TryEnter("a", 3));
        Assert.Equal(2, counter.Keys);
    }

    [Fact]
    public void AKeyWithoutCallsTakesNoMemory()
    {
        var counter = new CallCounter();
        for (var i = 0; i < 1000; i++)
            counter.TryEnter($"{i}", 1)!.Dispose();

        Assert.Equal(0, counter.Keys);
    }
}
