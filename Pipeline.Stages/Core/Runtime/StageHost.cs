using System.Diagnostics.Metrics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Client.Channels;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Files;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Ring;

namespace Pipeline.Stages.Core.Runtime;

/// <summary>What all attempts in this process share.</summary>
internal sealed partial class StageHost(
    StageDefinition definition,
    string instanceId,
    IOptions<StageOptions> options,
    PipelineChannels channels,
    IConfiguration configuration,
    TimeProvider time,
    IMeterFactory meters,
    ILoggerFactory loggers)
{
    private readonly IReadOnlyList<string> _roots = RootedPath.RootsOf(name => configuration[name]);
    private readonly ILogger _logger = loggers.CreateLogger($"Pipeline.Stages.{definition.Role}");

    public string Role => definition.Role;

    public string InstanceId => instanceId;

    public IReadOnlyList<string> Accepts => definition.Accepts;

    public StageOptions Options => options.Value;

    public PipelineChannels Channels => channels;

    public TimeProvider Time => time;

    public StageInstruments Instruments { get; } = new(definition, meters, time);

    public RunMemory Memory { get; } = new();

    public WorkerThreads Workers { get; } = new();

    /// <summary>What the stage would refuse of a run's options.</summary>
    public IReadOnlyList<OptionError> Check(RunOptions options) => definition.Check?.Invoke(options) ?? [];

    public AttemptMetrics CreateMetrics() => new(instanceId, definition.Role, time);

    /// <summary>Shared memory to offer to the hop below; null where there is to be none, or the system has none.</summary>
    public RingWriter? CreateRing() => Options.RingSlots == 0 ? null
        // A slot of lines is soon worked through, and events are a fraction of their lines.
        : definition.Emits.Contains(BatchKinds.Lines) ? CreateRing(Options.RingSlots, Options.RingSlotBytes, portion: Math.Max(1, Options.RingSlots / 4))
        : CreateRing(
            Math.Max(StageOptions.MinRingSlots, Options.RingSlots / 4), Math.Max(StageOptions.MinRingSlotBytes, Options.RingSlotBytes / 4), portion: 1);

    /// <summary>Shared memory that the hop above offers, mapped.</summary>
    public RingReader? AcceptRing(SharedRing? offer, IAnswerOutput answers, EdgeMeter edge) =>
        Options.RingSlots > 0 && MappedRing.Open(offer) is { } ring ? new RingReader(ring, answers.Answer, edge) : null;

    private static RingWriter? CreateRing(int slots, int slotBytes, int portion) =>
        MappedRing.Create(slots, slotBytes) is { } ring ? new RingWriter(ring, portion) : null;

    /// <summary>Tells once, at the start, where the system has no shared memory for batches.</summary>
    public void TellOfRings(bool areSupported)
    {
        if (Options.RingSlots > 0 && !areSupported)
            LogNoRings();
    }

    [LoggerMessage(
        6, LogLevel.Information,
        "This system has no shared memory for batches (Linux has): they go through the gRPC streams, with the same results")]
    private partial void LogNoRings();

    public IStage CreateStage(StageMeter meter, IAnswerOutput answers) => definition.Create(new StageContext
    {
        Meter = meter,
        Answers = answers,
        Memory = Memory,
        Time = time,
        Logger = _logger,
        Roots = _roots,
    });
}
