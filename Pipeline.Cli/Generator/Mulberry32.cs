namespace Pipeline.Cli.Generator;

/// <summary>The mulberry32 generator by Tommy Ettinger: 32 bits of state, the same sequence in every language.</summary>
/// <param name="seed">Taken modulo 2^32.</param>
internal struct Mulberry32(long seed)
{
    private uint _state = unchecked((uint)seed);

    /// <summary>The next number in [0, 1): a multiple of 2^-32.</summary>
    public double Next()
    {
        unchecked
        {
            _state += 0x6D2B79F5;
            var t = (_state ^ (_state >> 15)) * (_state | 1);
            t ^= t + ((t ^ (t >> 7)) * (t | 61));
            return (t ^ (t >> 14)) * (1.0 / 4294967296.0);
        }
    }

    /// <summary>The next number as an integer in [0, <paramref name="count"/>).</summary>
    public long NextBelow(long count) => (long)(Next() * count);
}
