namespace Pipeline.Cli.Generator;

/// <summary>Draws the user of each event.</summary>
internal struct UserPicker(UserDistribution distribution, long users)
{
    private const double BurstChance = 0.02;
    private const int ShortestBurst = 50;
    private const int BurstSpread = 200;

    private long _burstLeft;
    private long _burstUser;

    /// <summary>Index of the next event's user, from 0.</summary>
    public long Next(ref Mulberry32 random)
    {
        switch (distribution)
        {
            case UserDistribution.Zipf:
                var r = random.Next();
                return (long)(r * r * r * users);
            case UserDistribution.Burst:
                return NextOfBursts(ref random);
            default:
                return random.NextBelow(users);
        }
    }

    private long NextOfBursts(ref Mulberry32 random)
    {
        if (_burstLeft > 0)
        {
            _burstLeft--;
            return _burstUser;
        }

        if (random.Next() >= BurstChance)
            return random.NextBelow(users);

        var length = ShortestBurst + random.NextBelow(BurstSpread);
        _burstUser = random.NextBelow(users);
        _burstLeft = length - 1;
        return _burstUser;
    }
}
