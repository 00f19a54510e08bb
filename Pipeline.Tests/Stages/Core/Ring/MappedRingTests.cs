using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Ring;

namespace Pipeline.Tests.Stages.Core.Ring;

public sealed class MappedRingTests
{
    private const int Slots = 4;
    private const int SlotBytes = 64 * 1024;

    [LinuxFact]
    public void Take_SlotsReusedManyTimes_GivesWhatWasWrittenInOrder()
    {
        var mine = MappedRing.Create(Slots, SlotBytes)!;

        using var writer = new RingWriter(mine);
        using var reader = new RingReader(
            MappedRing.Open(writer.Offer)!, answer => writer.Release(answer.RingReleased.Slots), new EdgeMeter(TimeProvider.System));
        for (var i = 0; i < 10 * Slots; i++)
        {
            Assert.True(writer.TryClaim());
            var data = new byte[SlotBytes - i];
            Array.Fill(data, (byte)i);
            data.CopyTo(writer.Take(data.Length));
            Assert.True(writer.Seal());
            var taken = reader.Take(data.Length);
            Assert.True(taken.Memory.Span[..data.Length].SequenceEqual(data));
            taken.Release();
        }
    }

    [LinuxFact]
    public async Task ClaimAsync_RingFull_WaitsForRelease()
    {
        var mine = MappedRing.Create(Slots, SlotBytes)!;

        using var writer = new RingWriter(mine);
        for (var i = 0; i < Slots; i++)
        {
            Assert.True(writer.TryClaim());
            writer.Take(1);
            writer.Seal();
        }

        Assert.False(writer.TryClaim());
        var claim = writer.ClaimAsync(CancellationToken.None);
        Assert.False(claim.IsCompleted);
        writer.Release(1);
        await claim.WaitAsync(TimeSpan.FromSeconds(10));
        writer.Release(1_000_000);
        Assert.True(writer.TryClaim());
        Assert.True(writer.TryClaim());
        Assert.True(writer.TryClaim());
        Assert.False(writer.TryClaim(), "more slots were released than were filled");
    }

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("/proc/self/fd/0")]
    [InlineData("/proc/1/fd/../../../etc/passwd")]
    [InlineData("/proc/999999999/fd/5")]
    [InlineData("")]
    public void Open_PathIsNotAMemfd_ReturnsNull(string path) =>
        Assert.Null(MappedRing.Open(new SharedRing { Path = path, Slots = Slots, SlotBytes = SlotBytes }));

    [Fact]
    public void Open_FileCanShrink_ReturnsNull()
    {
        using var file = new FileStream(Path.GetTempFileName(), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, 1, FileOptions.DeleteOnClose);
        file.SetLength(Slots * SlotBytes);
        var path = $"/proc/{Environment.ProcessId}/fd/{file.SafeFileHandle.DangerousGetHandle()}";
        Assert.Null(MappedRing.Open(new SharedRing { Path = path, Slots = Slots, SlotBytes = SlotBytes }));
    }

    [LinuxTheory]
    [InlineData(0, SlotBytes)]
    [InlineData(1000, SlotBytes)]
    [InlineData(Slots, 1)]
    [InlineData(Slots, int.MaxValue)]
    [InlineData(Slots, 2 * SlotBytes)]
    public void Open_SizesInvalidOrNotThoseOfTheFile_ReturnsNull(int slots, int slotBytes)
    {
        using var mine = MappedRing.Create(Slots, SlotBytes)!;
        Assert.Null(MappedRing.Open(new SharedRing { Path = mine.Offer.Path, Slots = slots, SlotBytes = slotBytes }));
    }

    [LinuxFact]
    public void Release_SlotsOutOfOrder_FreesASlotAfterAllBeforeIt()
    {
        var mine = MappedRing.Create(Slots, SlotBytes)!;

        using var writer = new RingWriter(mine);
        using var reader = new RingReader(
            MappedRing.Open(writer.Offer)!, answer => writer.Release(answer.RingReleased.Slots), new EdgeMeter(TimeProvider.System));
        for (var i = 0; i < Slots; i++)
        {
            Assert.True(writer.TryClaim());
            writer.Take(1)[0] = (byte)i;
            writer.Seal();
        }

        var (first, second) = (reader.Take(1), reader.Take(1));
        second.AddReference();
        Assert.Equal((0, 1), (first.Memory.Span[0], second.Memory.Span[0]));
        second.Release();
        second.Release();
        Assert.False(writer.TryClaim(), "the second slot came back before the first");
        first.Release();
        Assert.True(writer.TryClaim());
        Assert.True(writer.TryClaim());
        Assert.False(writer.TryClaim());
    }

    [LinuxFact]
    public void Take_NoSlotReleased_IsAProtocolViolation()
    {
        var mine = MappedRing.Create(Slots, SlotBytes)!;

        using var reader = new RingReader(mine, _ => { }, new EdgeMeter(TimeProvider.System));
        var taken = Enumerable.Range(0, Slots).Select(_ => reader.Take(1)).ToList();
        var refused = Assert.Throws<StageException>(() => reader.Take(1));
        Assert.Equal(FailureReasons.ProtocolViolation, refused.Failure.Reason);
        taken[0].Release();
        reader.Take(1);
    }

    [LinuxFact]
    public void Read_AfterRingDisposed_ReturnsTakenDataAndZerosBehind()
    {
        var mine = MappedRing.Create(Slots, SlotBytes)!;

        using var writer = new RingWriter(mine);
        var reader = new RingReader(MappedRing.Open(writer.Offer)!, _ => { }, new EdgeMeter(TimeProvider.System));
        var taken = new List<SharedBuffer>();
        for (var i = 0; i < Slots; i++)
        {
            var data = new byte[SlotBytes];
            Array.Fill(data, (byte)7);
            data.CopyTo(writer.Take(SlotBytes));
            writer.Seal();
            taken.Add(reader.Take(SlotBytes));
        }

        reader.Dispose();
        Assert.All(taken, slot => Assert.Equal(SlotBytes, slot.Memory.Span[..SlotBytes].Count((byte)7)));
        Assert.Equal(new byte[MappedRing.Behind], taken[^1].Memory.Span[SlotBytes..].ToArray());
        taken.ForEach(slot => slot.Release());
    }

    [LinuxFact]
    public void Take_MoreBytesThanASlot_IsAProtocolViolation()
    {
        using var reader = new RingReader(MappedRing.Create(Slots, SlotBytes)!, _ => { }, new EdgeMeter(TimeProvider.System));
        Assert.Throws<StageException>(() => reader.Take(SlotBytes + 1));
    }
}
