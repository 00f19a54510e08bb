using System.Numerics;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Tests.Stages.Core.Batching;

public sealed class PowersOfTenTests
{
    [Fact]
    public void Values_EachExponent_AreAllPowersOf64Bits()
    {
        var powers = PowersOfTen.Values.ToArray();

        Assert.Equal(Enumerable.Range(0, powers.Length).Select(exponent => BigInteger.Pow(10, exponent)), powers.Select(power => (BigInteger)power));
        Assert.True(BigInteger.Pow(10, powers.Length) > long.MaxValue);
    }
}
