using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Tests.Stages.Sink;

public sealed class SinkFaultTests
{
    [Theory]
    [InlineData(Fault.Before, Lost.Nothing)]
    [InlineData(Fault.After, Lost.Nothing)]
    [InlineData(Fault.Half, Lost.Nothing)]
    [InlineData(Fault.After, Lost.Everything)]
    [InlineData(Fault.After, Lost.Creations)]
    [InlineData(Fault.After, Lost.Renames)]
    [InlineData(Fault.After, Lost.Deletions)]
    [InlineData(Fault.Before, Lost.Nothing, 2)]
    [InlineData(Fault.After, Lost.Everything, 2)]
    [InlineData(Fault.After, Lost.Renames, 2)]
    [InlineData(Fault.After, Lost.Deletions, 2)]
    [InlineData(Fault.Before, Lost.Nothing, 0, false)]
    [InlineData(Fault.After, Lost.Nothing, 0, false)]
    [InlineData(Fault.After, Lost.Everything, 0, false)]
    [InlineData(Fault.After, Lost.Renames, 0, false)]
    [InlineData(Fault.After, Lost.Deletions, 0, false)]
    public async Task Run_DeathOrPowerLossAtAnyOperation_GivesTheSameOutput(Fault fault, Lost lost, int earlierAttempts = 0, bool replaces = true)
    {
        var operations = await CountOperationsAsync(earlierAttempts, replaces);
        Assert.InRange(operations, 40, 500);
        var acknowledged = 0;
        for (var at = 1; at <= operations; at++)
        {
            using var script = await StartAsync(earlierAttempts, replaces);
            var disk = new SimulatedDisk { FailAt = at, Fault = fault };
            await Record.ExceptionAsync(() => script.RunAsync(earlierAttempts + 1, disk));
            Assert.True(disk.Operations >= at, $"operation {at} was not reached");
            if (lost != Lost.Nothing)
                disk.LosePower(lost);

            if (replaces || File.Exists(script.Results))
                Assert.Contains(File.ReadAllText(script.Results), new[] { "old results", System.Text.Encoding.UTF8.GetString(script.ExpectedResults()) });

            var committed = LastCommitted(script);
            acknowledged += committed > 0 ? 1 : 0;

            var opened = await script.RunAsync(earlierAttempts + 2, new SimulatedDisk());
            Assert.True((opened.Resume?.Id ?? 0) >= committed, $"operation {at} ({disk.Log[at - 1]}): checkpoint {committed} was acknowledged, and is lost");
            script.AssertComplete();
        }

        Assert.True(acknowledged > operations / 2, "the test is vacuous: hardly any checkpoint was acknowledged before the fault");
    }

    [Fact]
    public async Task Run_SeveralDeathsInARow_GivesTheSameOutput()
    {
        var operations = await CountOperationsAsync();
        for (var step = 5; step < operations; step += 7)
        {
            using var script = new SinkRunScript();
            var attempt = 0;
            Exception? failure;
            do
            {
                var disk = new SimulatedDisk { FailAt = step, Fault = (Fault)(attempt % 3) };
                failure = await Record.ExceptionAsync(() => script.RunAsync(++attempt, disk));
                if (failure is not null && attempt % 2 == 0)
                    disk.LosePower(Lost.Everything);
            }
            while (failure is not null && attempt < 20);

            // One more attempt, even if the run is complete: the last one may have failed when it deleted its temporary files.
            await script.RunAsync(++attempt, new SimulatedDisk());
            script.AssertComplete();
        }
    }

    [Theory]
    [InlineData(28, FailureReasons.DiskFull)]
    [InlineData(5, FailureReasons.OutputUnwritable)]
    public async Task Process_DiskOperationFails_FailsAndAcknowledgesNothingAfterwards(int errno, string reason)
    {
        var operations = await CountOperationsAsync();
        for (var at = 3; at <= operations; at++)
        {
            using var script = new SinkRunScript();
            var disk = new SimulatedDisk { FailAt = at, Error = errno, Dies = false };
            await using var stage = script.Stage(disk);
            RunOpened opened;
            try
            {
                opened = await script.OpenAsync(stage, 1);
            }
            catch (StageException)
            {
                continue;
            }

            var answers = 0;
            Failure? failure = null;
            foreach (var frame in script.Frames(opened.Resume))
            {
                try
                {
                    await stage.ProcessAsync(frame, script, CancellationToken.None);
                }
                catch (StageException told)
                {
                    answers = failure is null ? script.Answers.Count : answers;
                    failure ??= told.Failure;
                    Assert.Equal(reason, told.Failure.Reason);
                    Assert.False(told.Failure.Retryable);
                }
            }

            if (failure is null)
            {
                Assert.Equal("delete leftover", disk.Log[at - 1]);
                continue;
            }

            Assert.Equal(answers, script.Answers.Count);
            await script.RunAsync(2, new SimulatedDisk());
            script.AssertComplete();
        }
    }

    private static async Task<int> CountOperationsAsync(int earlierAttempts = 0, bool replaces = true)
    {
        using var script = await StartAsync(earlierAttempts, replaces);
        var disk = new SimulatedDisk();
        await script.RunAsync(earlierAttempts + 1, disk);
        script.AssertComplete();
        return disk.Operations;
    }

    // A run, drained a few times; where it may replace older files there are some.
    private static async Task<SinkRunScript> StartAsync(int attempts, bool replaces = true)
    {
        var script = new SinkRunScript();
        if (replaces)
        {
            File.WriteAllText(script.Results, "old results");
            File.WriteAllText(script.Rejects, "old rejects");
            script.Open.Options.Overwrite = true;
        }

        for (var attempt = 1; attempt <= attempts; attempt++)
            await script.RunAsync(attempt, lines: 20 * attempt);

        return script;
    }

    private static long LastCommitted(SinkRunScript script) =>
        script.Answers.Select(answer => answer.CheckpointCommitted?.Id ?? 0).DefaultIfEmpty().Max();
}
