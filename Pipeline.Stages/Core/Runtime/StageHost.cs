using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.ServiceDefaults.Channels;
using Pipeline.Stages.Core.Metrics;

namespace Pipeline.Stages.Core.Runtime;

/// <summary>What all attempts in this process share.</summary>
internal sealed class StageHost(
    StageDefinition definition,
    string instanceId,
    IOptions<StageOptions> options,
    PipelineChannels channels,
    StageRoots roots,
    TimeProvider time,
    ILoggerFactory loggers)
{
    private readonly ILogger _logger = loggers.CreateLogger($"Pipeline.Stages.{definition.Role}");

    public string Role => definition.Role;

    public string InstanceId => instanceId;

    public StageOptions Options => options.Value;

    public PipelineChannels Channels => channels;

    public TimeProvider Time => time;

    public StageInstruments Instruments { get; } = new();

    public AttemptMetrics CreateMetrics() => new(instanceId, definition.Role, time);

    public IStage CreateStage(StageMeter meter, IAnswerOutput answers) => definition.Create(new StageContext
    {
        InstanceId = instanceId,
        Meter = meter,
        Answers = answers,
        Time = time,
        Logger = _logger,
        Roots = roots.Paths,
    });
}
