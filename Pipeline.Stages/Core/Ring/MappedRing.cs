using System.Globalization;
using System.IO.MemoryMappedFiles;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;
using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Core.Ring;

/// <summary>The contract's SharedRing, mapped: slots of shared memory between the two ends of a hop.</summary>
internal sealed unsafe partial class MappedRing : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;

    private MappedRing(SafeFileHandle handle, SharedRing offer)
    {
        Offer = offer;
        var length = (long)offer.Slots * offer.SlotBytes;
        _file = MemoryMappedFile.CreateFromFile(handle, null, length, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false);
        _view = _file.CreateViewAccessor(0, length);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
    }

    /// <summary>As offered to the other end.</summary>
    public SharedRing Offer { get; }

    /// <summary>Makes a ring to offer; null where the system cannot.</summary>
    public static MappedRing? Create(int slots, int slotBytes)
    {
        var handle = Memfd.Create("pipeline-ring", (long)slots * slotBytes);
        return handle is null
            ? null
            : new MappedRing(handle, new SharedRing
            {
                Path = string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/{handle.DangerousGetHandle()}"),
                Slots = slots,
                SlotBytes = slotBytes,
            });
    }

    /// <summary>Maps a ring that was offered; null where it cannot be used, which is no error: the data then comes in messages.</summary>
    public static MappedRing? Open(SharedRing? offer)
    {
        if (offer is not { Slots: >= 4 and <= 64, SlotBytes: >= 64 * 1024 and <= 4 * 1024 * 1024 } || !MemfdPath().IsMatch(offer.Path))
        {
            return null;
        }

        try
        {
            var handle = File.OpenHandle(offer.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            if (Memfd.IsFixedSize(handle) && RandomAccess.GetLength(handle) == (long)offer.Slots * offer.SlotBytes)
            {
                return new MappedRing(handle, offer);
            }

            handle.Dispose();
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The memory of one slot.</summary>
    /// <param name="number">Counted from the call's beginning: the slot is this modulo the number of slots.</param>
    public Span<byte> Slot(long number) => new(_start + (number % Offer.Slots * Offer.SlotBytes), Offer.SlotBytes);

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    [GeneratedRegex(@"^/proc/[0-9]+/fd/[0-9]+\z")]
    private static partial Regex MemfdPath();
}
