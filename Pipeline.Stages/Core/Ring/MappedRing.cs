using System.Buffers;
using System.ComponentModel;
using System.Globalization;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;
using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Core.Ring;

/// <summary>The contract's SharedRing, mapped: slots of shared memory between the two ends of a hop.</summary>
internal sealed partial class MappedRing : IDisposable
{
    /// <summary>Bytes behind each slot that can be read as well, of any content.</summary>
    public const int Behind = 64;

    private readonly SafeFileHandle _file;
    private readonly MappedMemory _mapping;
    private readonly MappedSlot[] _slots;

    [SupportedOSPlatform("linux")]
    private MappedRing(SafeFileHandle file, SharedRing offer)
    {
        (_file, Offer) = (file, offer);
        _mapping = MappedMemory.Map(file, Length(offer));
        _slots = [.. Enumerable.Range(0, offer.Slots).Select(slot => new MappedSlot(_mapping, (long)slot * offer.SlotBytes, offer.SlotBytes + Behind))];
    }

    /// <summary>Whether this system has them.</summary>
    [SupportedOSPlatformGuard("linux")]
    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <summary>As offered to the other end.</summary>
    public SharedRing Offer { get; }

    /// <summary>Makes a ring to offer; null where the system cannot.</summary>
    public static MappedRing? Create(int slots, int slotBytes)
    {
        return !IsSupported || Memfd.Create("pipeline-ring", (long)slots * slotBytes) is not { } handle
            ? null
            : TryMap(handle, new SharedRing
            {
                Path = string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/{handle.DangerousGetHandle()}"),
                Slots = slots,
                SlotBytes = slotBytes,
            });
    }

    /// <summary>Maps a ring that was offered; null where it cannot be used, which is no error: the data then comes in messages.</summary>
    public static MappedRing? Open(SharedRing? offer)
    {
        if (!IsSupported
            || offer is not { Slots: >= 4 and <= 64, SlotBytes: >= 64 * 1024 and <= 4 * 1024 * 1024 }
            || !MemfdPath().IsMatch(offer.Path))
        {
            return null;
        }

        try
        {
            var handle = File.OpenHandle(offer.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            if (Memfd.IsFixedSize(handle) && RandomAccess.GetLength(handle) == Length(offer))
                return TryMap(handle, offer);

            handle.Dispose();
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The memory of one slot, and <see cref="Behind"/> bytes more.</summary>
    /// <param name="number">Counted from the call's beginning: the slot is this modulo the number of slots.</param>
    public Memory<byte> Slot(long number) => _slots[number % _slots.Length].Memory;

    /// <summary>The same, which stays mapped until <see cref="LetGo"/>, even when this ring is disposed.</summary>
    public Memory<byte> Hold(long number)
    {
        var held = false;
        _mapping.DangerousAddRef(ref held);
        return Slot(number);
    }

    /// <summary>Ends one <see cref="Hold"/>.</summary>
    public void LetGo() => _mapping.DangerousRelease();

    public void Dispose()
    {
        _mapping.Dispose();
        _file.Dispose();
    }

    private static long Length(SharedRing offer) => (long)offer.Slots * offer.SlotBytes;

    [SupportedOSPlatform("linux")]
    private static MappedRing? TryMap(SafeFileHandle file, SharedRing offer)
    {
        try
        {
            return new MappedRing(file, offer);
        }
        catch (Win32Exception)
        {
            file.Dispose();
            return null;
        }
    }

    [GeneratedRegex(@"^/proc/[0-9]+/fd/[0-9]+\z")]
    private static partial Regex MemfdPath();
}

/// <summary>A part of a mapping as memory; its user holds the mapping.</summary>
internal sealed unsafe class MappedSlot(MappedMemory mapping, long offset, int length) : MemoryManager<byte>
{
    private readonly byte* _start = mapping.Start + offset;

    public override Span<byte> GetSpan() => new(_start, length);

    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }
}
