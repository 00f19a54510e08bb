using System.Buffers.Binary;
using Pipeline.Files;

namespace Pipeline.Tests.Files;

public sealed class SameFileTests : FolderTests
{
    [Fact]
    public void Is_LinksAndHardLinks_AreTheFileTheyLeadTo()
    {
        var file = In("real", "x.ndjson");
        Directory.CreateDirectory(In("real"));
        File.WriteAllText(file, "x");
        Directory.CreateSymbolicLink(In("alias"), In("real"));
        File.CreateSymbolicLink(In("link.ndjson"), file);
        File.WriteAllText(In("other.ndjson"), "x");

        Assert.True(SameFile.Is(file, In("alias", "x.ndjson")));
        Assert.True(SameFile.Is(file, In("link.ndjson")));
        Assert.False(SameFile.Is(file, In("other.ndjson")));
        Assert.False(SameFile.Is(file, In("missing.ndjson")));
    }

    [Fact]
    public void Is_MissingFiles_AreComparedByFolderAndName()
    {
        Directory.CreateDirectory(In("real"));
        Directory.CreateSymbolicLink(In("alias"), In("real"));

        Assert.True(SameFile.Is(In("real", "x", "y.ndjson"), In("alias", "x", "y.ndjson")));
        Assert.False(SameFile.Is(In("real", "y.ndjson"), In("y.ndjson")));
    }

    [Theory]
    [InlineData("/data/Events.ndjson", "/data/events.ndjson", true)]
    [InlineData("/data/Events.ndjson", "/data/EVENTS~1.NDJ", true)]
    [InlineData("/Data/new.ndjson", "/data/NEW.ndjson", true)]
    [InlineData("/data/new.ndjson", "/data/old.ndjson", false)]
    [InlineData("/data/Events.ndjson", "/other/events.ndjson", false)]
    public void Is_FileSystemThatIgnoresCase_ComparesAsItDoes(string one, string other, bool expected)
    {
        // As a file system answers that holds /data/Events.ndjson, which has a short name, too, and /other.
        var ids = new Dictionary<string, FileIdentity>(StringComparer.OrdinalIgnoreCase)
        {
            ["/"] = new(1, 1),
            ["/data"] = new(1, 2),
            ["/data/Events.ndjson"] = new(1, 3),
            ["/data/EVENTS~1.NDJ"] = new(1, 3),
            ["/other"] = new(1, 4),
        };

        Assert.Equal(expected, SameFile.Is(one, other, IdentityOf, StringComparison.OrdinalIgnoreCase));
        Assert.Equal(
            one.StartsWith("/data", StringComparison.OrdinalIgnoreCase),
            SameFile.IsUnder(one, "/DATA", IdentityOf, StringComparison.OrdinalIgnoreCase));

        FileIdentity? IdentityOf(string path) => ids.TryGetValue(path.Replace('\\', '/'), out var id) ? id : null;
    }

    [Fact]
    public void Is_SystemWithoutIdentities_ComparesTheText()
    {
        Assert.True(SameFile.Is("/a/b", "/a/b/", _ => null, StringComparison.Ordinal));
        Assert.False(SameFile.Is("/a/b", "/a/B", _ => null, StringComparison.Ordinal));
    }

    [LinuxFact]
    public void Of_FolderFileAndFifo_TellsKindAndIdentity()
    {
        File.WriteAllText(In("file"), "");
        Fifo.Create(In("fifo"));

        Assert.Equal(FileKind.Folder, FileStatus.Of(Folder)?.Kind);
        Assert.Equal(FileKind.File, FileStatus.Of(In("file"))?.Kind);
        Assert.Equal(FileKind.Fifo, FileStatus.Of(In("fifo"))?.Kind);
        Assert.Equal(FileKind.Device, FileStatus.Of("/dev/null")?.Kind);
        Assert.Null(FileStatus.Of(In("missing")));
        Assert.Equal(FileStatus.Of(Folder), FileStatus.Of(In(".")));
    }

    [Theory]
    [InlineData(0x1000, FileKind.Fifo)]
    [InlineData(0x2000, FileKind.Device)]
    [InlineData(0x4000, FileKind.Folder)]
    [InlineData(0x6000, FileKind.Device)]
    [InlineData(0x8000, FileKind.File)]
    [InlineData(0xC000, FileKind.Socket)]
    public void OfMacOS_StructOfItsStat_TellsKindAndIdentity(int type, FileKind kind)
    {
        // st_dev, st_mode, st_nlink, st_ino.
        var status = new byte[144];
        BinaryPrimitives.WriteUInt32LittleEndian(status, 0x0100_0004);
        BinaryPrimitives.WriteUInt16LittleEndian(status.AsSpan(4), (ushort)(type | 0x1A4));
        BinaryPrimitives.WriteUInt16LittleEndian(status.AsSpan(6), 1);
        BinaryPrimitives.WriteUInt64LittleEndian(status.AsSpan(8), 1_152_921_500_312_345_678);

        Assert.Equal(new FileStatus(kind, new FileIdentity(0x0100_0004, 1_152_921_500_312_345_678)), FileStatus.OfMacOS(status));
    }

    [Fact]
    public void IdentityOfWindows_FileIdInfo_IsVolumeAndTheWholeFileId()
    {
        // VolumeSerialNumber, FileId.
        var info = new byte[24];
        BinaryPrimitives.WriteUInt64LittleEndian(info, 0xA0B1_C2D3_E4F5_0617);
        BinaryPrimitives.WriteUInt64LittleEndian(info.AsSpan(8), 5);
        BinaryPrimitives.WriteUInt64LittleEndian(info.AsSpan(16), 7);

        Assert.Equal(new FileIdentity(0xA0B1_C2D3_E4F5_0617, new UInt128(7, 5)), FileStatus.IdentityOfWindows(info));
    }

    private string In(params string[] parts) => Path.Join([Folder, .. parts]);
}
