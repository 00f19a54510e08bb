using System.Buffers.Binary;
using Google.Protobuf;
using Pipeline.Cli.CheckStage.Messages;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Ring;
using Pipeline.Stages.Core.Wire;

namespace Pipeline.Cli.CheckStage.Checks;

/// <summary>A ring of shared memory that the stage takes up is read in order, and its slots are released.</summary>
internal static class RingCheck
{
    private const int Slots = 4;
    private const int SlotBytes = 64 * 1024;

    /// <summary>Offers a ring, and sends three times as much as it holds.</summary>
    public static async Task RunAsync(CheckRun run)
    {
        if (MappedRing.Create(Slots, SlotBytes) is not { } memory)
        {
            run.Skipped = "this system has no shared memory for batches (Linux has)";
            return;
        }

        using var ring = new RingWriter(memory);
        var open = Opening.Of(run);
        open.Ring = ring.Offer;
        run.Step($"OpenRun with the ring {ring.Offer}", "RunOpened, with ring_accepted or without", ContractText.RingAccepted);
        using var attempt = await run.OpenAsync(open);
        if (!attempt.Opened.RingAccepted)
        {
            run.Skipped = "the stage does not take up the ring: it gets everything in messages, which is its choice";
            return;
        }

        var traffic = attempt.Traffic;
        run.Step(
            $"{3 * Slots} slots with events and rejects, one after the other as RingReleased allows",
            "everything at the hop below, and RingReleased for the slots", ContractText.RingSlots);
        var passage = await attempt.PassAsync(
            async () =>
            {
                for (var slot = 0; slot < 3 * Slots; slot++)
                {
                    await run.WithinAsync(ring.ClaimAsync(run.Cancellation));
                    Write(ring, traffic.Events(30));
                    Write(ring, traffic.Rejects(30, 1000));
                    var word = new StageInput { Ring = new RingMessages { Bytes = ring.Used } };
                    ring.Seal();
                    await attempt.Above.SendAsync(word, run.Cancellation);
                }
            },
            heard: answer => ring.Release(answer.RingReleased?.Slots ?? 0));
        var tally = new Tally();
        passage.Taken.ForEach(tally.Add);
        run.Require(tally.Lines == traffic.Sent, tally.ToString());
    }

    private static void Write(RingWriter ring, StageInput message)
    {
        var room = ring.Take(FrameEncoder.GrpcPrefixLength + message.CalculateSize());
        room[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(room[1..], room.Length - FrameEncoder.GrpcPrefixLength);
        message.WriteTo(room[FrameEncoder.GrpcPrefixLength..]);
    }
}
