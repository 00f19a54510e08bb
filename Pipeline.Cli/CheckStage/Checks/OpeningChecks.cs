using Google.Protobuf;
using Grpc.Core;
using Pipeline.Cli.CheckStage.Messages;
using Pipeline.Contracts.V1;

namespace Pipeline.Cli.CheckStage.Checks;

/// <summary>What becomes of OpenRun on its way down.</summary>
internal static class OpeningChecks
{
    private const string TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    private const string TraceState = "check=stage";

    /// <summary>The stage opens the hop below, and answers when that has; without it there is nothing to check.</summary>
    public static async Task OpenAsync(CheckRun run)
    {
        run.Step("OpenRun", "the stage opens the first hop of the route, and answers RunOpened when that has", ContractText.Opening);
        var open = Opening.Of(run);
        // The stage may look for itself in the path, and its figures tell its name only when an attempt has ended.
        open.Path.Clear();
        using var attempt = await run.OpenAsync(open);
        run.Step("a run without input", "RunCompleted, and the call ends with OK", ContractText.Completed);
        var passage = await attempt.PassAsync([]);
        if (passage.Answers.LastOrDefault()?.RunCompleted is { Stages.Count: > 1 } completed)
            run.Target.InstanceId = completed.Stages[0].InstanceId;
    }

    /// <summary>The route is shortened by its first hop.</summary>
    public static async Task RouteAsync(CheckRun run)
    {
        var open = Opening.Of(run);
        Hop[] rest =
        [
            new() { InstanceId = "check-2", Role = "audit", Address = "http://127.0.0.1:1" },
            new() { InstanceId = "check-3", Role = "sink", Address = "http://127.0.0.1:2" },
        ];
        open.Route.Add(rest);
        open.Path.Add(rest);
        run.Step(
            $"OpenRun with the route {Names(open.Route)}",
            $"OpenRun at the hop below with the route {Names(rest)}",
            ContractText.OpenRun);
        using var attempt = await run.OpenAsync(open);
        run.Require(attempt.Below.Open.Route.SequenceEqual(rest), $"the route {Names(attempt.Below.Open.Route)}");
    }

    /// <summary>All else in OpenRun is handed on as it came, with the key.</summary>
    public static async Task CopyAsync(CheckRun run)
    {
        var open = Opening.Of(run);
        open.Attempt = Opening.Unroundable;
        using var attempt = await run.OpenAsync(open);
        var below = attempt.Below.Open;
        Same("run_id", open.RunId, below.RunId);
        Same("attempt", open.Attempt, below.Attempt);
        Same("path", Names(open.Path), Names(below.Path));
        run.Step("OpenRun with the options " + open.Options, "the same options at the hop below, byte for byte", ContractText.OpenRun);
        run.Require(open.Options.ToByteString() == (below.Options?.ToByteString() ?? ByteString.Empty), $"the options {below.Options}");
        run.Step("OpenRun with the header authorization", "the header with the same key at the hop below", ContractText.Key);
        run.Require(attempt.Below.Headers.GetValue("authorization") == $"Bearer {run.Target.Key}", "another header, or none");

        void Same(string field, object sent, object came)
        {
            run.Step($"OpenRun with {field} = {sent}", $"the same {field} at the hop below", ContractText.OpenRun);
            run.Require(sent.Equals(came), $"{field} = {came}");
        }
    }

    /// <summary>A ring that cannot be mapped is left alone, and never handed on.</summary>
    public static async Task RingOfferAsync(CheckRun run)
    {
        var open = Opening.Of(run);
        open.Ring = new SharedRing { Path = "/proc/1/fd/1000000", Slots = 4, SlotBytes = 64 * 1024 };
        run.Step(
            $"OpenRun with the ring {open.Ring}",
            "OpenRun at the hop below with the stage's own ring, or none",
            ContractText.RingOffer);
        using var attempt = await run.OpenAsync(open);
        run.Require(attempt.Below.Open.Ring?.Path != open.Ring.Path, $"the ring {attempt.Below.Open.Ring}");
        run.Step(
            "OpenRun with a ring that does not exist",
            "ring_accepted = false, and the run goes on in messages",
            ContractText.RingAccepted);
        run.Require(!attempt.Opened.RingAccepted, "ring_accepted = true");
        var traffic = attempt.Traffic;
        await attempt.PassAsync([traffic.Events(3)]);
    }

    /// <summary>The trace context goes down unchanged.</summary>
    public static async Task TraceAsync(CheckRun run)
    {
        run.Step(
            $"a call with traceparent: {TraceParent} and tracestate: {TraceState}",
            "the same two headers at the hop below",
            ContractText.Trace);
        using var attempt = await run.OpenAsync(headers: new Metadata { { "traceparent", TraceParent }, { "tracestate", TraceState } });
        var (parent, state) = (attempt.Below.Headers.GetValue("traceparent"), attempt.Below.Headers.GetValue("tracestate"));
        run.Require((parent, state) == (TraceParent, TraceState), $"traceparent: {parent ?? "none"} and tracestate: {state ?? "none"}");
    }

    private static string Names(IEnumerable<Hop> hops) =>
        $"[{string.Join(", ", hops.Select(hop => $"{hop.InstanceId} ({hop.Role}, {hop.Address})"))}]";
}
