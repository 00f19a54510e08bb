using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Rules;

namespace Pipeline.Tests.Cli.CheckStage;

/// <summary>The Rules stage with a fault.</summary>
/// <param name="context">Of the attempt.</param>
/// <param name="options">Changes the options that it goes by.</param>
/// <param name="opened">Changes its answer.</param>
internal sealed class WrongRules(StageContext context, Action<RunOptions>? options = null, Action<RunOpened>? opened = null) : ITransform
{
    private readonly RulesStage _right = new(context);

    public async ValueTask<RunOpened> OpenAsync(OpenRun open, RunOpened? below, CancellationToken cancellationToken)
    {
        var changed = open.Clone();
        options?.Invoke(changed.Options);
        var answer = await _right.OpenAsync(changed, below, cancellationToken);
        opened?.Invoke(answer);
        return answer;
    }

    public ValueTask ProcessAsync(Frame frame, IFrameOutput output, CancellationToken cancellationToken) =>
        _right.ProcessAsync(frame, output, cancellationToken);

    public ValueTask DisposeAsync() => _right.DisposeAsync();
}
