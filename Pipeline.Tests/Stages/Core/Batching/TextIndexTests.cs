using System.Text;
using CsCheck;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Tests.Stages.Core.Batching;

public sealed class TextIndexTests
{
    [Fact]
    public void GetOrAdd_RandomTexts_GivesTheIndexOfFirstUse() =>
        Gen.Byte.Array[0, 20].Array[0, 2000].Sample(
            texts =>
            {
                using var index = new TextIndex();
                var expected = new Dictionary<string, int>();
                foreach (var text in texts)
                {
                    var key = Convert.ToHexString(text);
                    expected.TryAdd(key, expected.Count);
                    Assert.Equal(expected[key], index.GetOrAdd(text));
                }

                Assert.Equal(expected.Count, index.Count);
                Assert.All(expected, entry => Assert.Equal(entry.Key, Convert.ToHexString(index[entry.Value])));
            },
            iter: 50);

    [Fact]
    public void GetOrAdd_TextsOfZeroBytes_DifferByLength()
    {
        using var index = new TextIndex();
        Assert.Equal([0, 1, 2, 3], Enumerable.Range(0, 4).Select(length => index.GetOrAdd(new byte[length * 3])));
    }

    [Fact]
    public void Clear_AfterTextsAdded_StartsAgainFromZero()
    {
        using var index = new TextIndex();
        for (var round = 0; round < 3; round++)
        {
            Assert.Equal(Enumerable.Range(0, 100), Enumerable.Range(0, 100).Select(number => index.GetOrAdd(Encoding.UTF8.GetBytes($"text {number + round}"))));
            index.Clear();
            Assert.Equal((0, 0), (index.Count, index.ByteLength));
        }
    }
}
