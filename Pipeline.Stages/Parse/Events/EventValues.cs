namespace Pipeline.Stages.Parse.Events;

/// <summary>One event, valid; its texts lie in the line or in a buffer that the next line overwrites.</summary>
internal ref struct EventValues
{
    /// <summary>Unix milliseconds.</summary>
    public long UnixMillis;

    /// <summary>UTF-8, not empty.</summary>
    public ReadOnlySpan<byte> Type;

    /// <summary>UTF-8.</summary>
    public ReadOnlySpan<byte> User;

    /// <summary>The value is mantissa / 10^scale, without trailing zeros.</summary>
    public long Mantissa;

    /// <summary>0 to 9.</summary>
    public int Scale;
}
