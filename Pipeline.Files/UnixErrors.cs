namespace Pipeline.Files;

/// <summary>Numbers of errors (errno) that Linux and macOS number differently; see errno(3) and intro(2) there.</summary>
/// <param name="NotImplemented">ENOSYS.</param>
/// <param name="NotSupported">ENOTSUP and EOPNOTSUPP, which are two numbers on macOS.</param>
/// <param name="QuotaExceeded">EDQUOT.</param>
internal sealed record UnixErrors(int NotImplemented, int[] NotSupported, int QuotaExceeded)
{
    /// <summary>EEXIST.</summary>
    public const int AlreadyExists = 17;

    // EPERM, EINVAL, ENOTTY.
    private const int NotPermitted = 1;
    private const int InvalidArgument = 22;
    private const int NoSuchControl = 25;

    /// <summary>Those of Linux.</summary>
    public static UnixErrors Linux { get; } = new(38, [95], 122);

    /// <summary>Those of macOS.</summary>
    public static UnixErrors MacOS { get; } = new(78, [45, 102], 69);

    /// <summary>Those of this system.</summary>
    // Last: static initializers run in order.
    public static UnixErrors Current { get; } = OperatingSystem.IsMacOS() ? MacOS : Linux;

    /// <summary>Whether an error of fsync or F_FULLFSYNC says that the file system cannot flush folders, which is no failure.</summary>
    public bool HasNoFolderFlush(int error) => error is InvalidArgument or NoSuchControl || NotSupported.Contains(error);

    /// <summary>Whether an error of link says that the file system has no hard links.</summary>
    public bool HasNoLinks(int error) => error == NotPermitted || error == NotImplemented || NotSupported.Contains(error);
}
