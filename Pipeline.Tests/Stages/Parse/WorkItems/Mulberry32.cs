namespace Pipeline.Tests.Stages.Parse.WorkItems;

/// <summary>The generator's random numbers, written again from the design's formula so that the tests stand on their own.</summary>
internal sealed class Mulberry32(uint state)
{
    public double Next()
    {
        state += 0x6D2B79F5;
        var t = (state ^ (state >> 15)) * (state | 1);
        t ^= t + ((t ^ (t >> 7)) * (t | 61));
        return (t ^ (t >> 14)) / 4294967296.0;
    }
}
