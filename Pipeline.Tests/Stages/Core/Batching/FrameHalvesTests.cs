using Pipeline.Stages.Core.Batching;

namespace Pipeline.Tests.Stages.Core.Batching;

public sealed class FrameHalvesTests
{
    [Fact]
    public void Of_TextsOfBothHalves_EachHasThoseThatItUses()
    {
        string[] users = ["a", "b", "a", "c", "b", "d"];
        using var frame = Frames.Of([.. users.Select(user => ("click", user, 1m))]);
        var (first, second) = FrameHalves.Of(frame);
        using (first)
        using (second)
        {
            Assert.Equal(users, first.Values("user").Concat(second.Values("user")));
            Assert.Equal(2, first.Find("user")!.Texts!.Count);
            Assert.Equal(3, second.Find("user")!.Texts!.Count);
            Assert.Equal(["click", "click", "click"], second.Values("type"));
        }
    }

    [Fact]
    public void Of_ManyTexts_HalvesAreNarrower()
    {
        using var frame = Frames.Of([.. Enumerable.Range(0, 300).Select(row => ("click", $"u{row}", 1m))]);
        var (first, second) = FrameHalves.Of(frame);
        using (first)
        using (second)
        {
            Assert.Equal([2, 1, 1], new[] { frame, first, second }.Select(half => half.Find("user")!.Width));
            Assert.Equal(frame.Values("user"), first.Values("user").Concat(second.Values("user")));
        }
    }
}
