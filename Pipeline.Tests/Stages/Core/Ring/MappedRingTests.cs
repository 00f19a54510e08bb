using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Ring;
using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Tests.Stages.Core.Ring;

public sealed class MappedRingTests
{
    private const int Slots = 4;
    private const int SlotBytes = 64 * 1024;

    [Fact]
    public void What_one_end_fills_the_other_takes_in_order_round_and_round()
    {
        if (MappedRing.Create(Slots, SlotBytes) is not { } mine)
        {
            Assert.False(OperatingSystem.IsLinux());
            return;
        }

        using var writer = new RingWriter(mine);
        using var reader = new RingReader(
            MappedRing.Open(writer.Offer)!, answer => writer.Release(answer.RingReleased.Slots), new EdgeMeter(TimeProvider.System));
        for (var i = 0; i < 10 * Slots; i++)
        {
            Assert.True(writer.TryClaim());
            var data = new byte[SlotBytes - i];
            Array.Fill(data, (byte)i);
            Assert.True(writer.Fill(data));
            var taken = reader.Take(data.Length);
            Assert.True(taken.Array.AsSpan(0, data.Length).SequenceEqual(data));
            taken.Release();
        }
    }

    [Fact]
    public async Task A_full_ring_waits_for_its_receiver()
    {
        if (MappedRing.Create(Slots, SlotBytes) is not { } mine)
        {
            Assert.False(OperatingSystem.IsLinux());
            return;
        }

        using var writer = new RingWriter(mine);
        for (var i = 0; i < Slots; i++)
        {
            Assert.True(writer.TryClaim());
            writer.Fill(new byte[1]);
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
    public void Another_file_than_a_memfd_is_not_mapped(string path) =>
        Assert.Null(MappedRing.Open(new SharedRing { Path = path, Slots = Slots, SlotBytes = SlotBytes }));

    [Fact]
    public void A_file_that_can_shrink_is_not_mapped()
    {
        using var file = new FileStream(Path.GetTempFileName(), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, 1, FileOptions.DeleteOnClose);
        file.SetLength(Slots * SlotBytes);
        var path = $"/proc/{Environment.ProcessId}/fd/{file.SafeFileHandle.DangerousGetHandle()}";
        Assert.Null(MappedRing.Open(new SharedRing { Path = path, Slots = Slots, SlotBytes = SlotBytes }));
    }

    [Theory]
    [InlineData(0, SlotBytes)]
    [InlineData(1000, SlotBytes)]
    [InlineData(Slots, 1)]
    [InlineData(Slots, int.MaxValue)]
    [InlineData(Slots, 2 * SlotBytes)]
    public void An_offer_of_other_sizes_is_not_taken_up(int slots, int slotBytes)
    {
        if (MappedRing.Create(Slots, SlotBytes) is { } mine)
        {
            using (mine)
            {
                Assert.Null(MappedRing.Open(new SharedRing { Path = mine.Offer.Path, Slots = slots, SlotBytes = slotBytes }));
            }
        }
    }

    [Fact]
    public void More_bytes_than_a_slot_holds_are_a_protocol_violation()
    {
        if (MappedRing.Create(Slots, SlotBytes) is { } mine)
        {
            using var reader = new RingReader(mine, _ => { }, new EdgeMeter(TimeProvider.System));
            Assert.Throws<StageException>(() => reader.Take(SlotBytes + 1));
        }
    }
}
