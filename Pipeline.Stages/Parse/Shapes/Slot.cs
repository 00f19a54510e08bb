namespace Pipeline.Stages.Parse.Shapes;

/// <summary>What stands between two literals of a shape. Values are below 0x20, so that a skeleton can hold them among the bytes of a line.</summary>
internal enum Slot : byte
{
    /// <summary>Nothing: the line ends here.</summary>
    End = 1,

    /// <summary>Content of the string that is the event's ts.</summary>
    Ts,

    /// <summary>Content of the string that is the event's type.</summary>
    Type,

    /// <summary>Content of the string that is the event's user.</summary>
    User,

    /// <summary>The number that is the event's value.</summary>
    Value,

    /// <summary>A string with its quotes, a number, true, false or null that no column takes.</summary>
    Scalar,
}
