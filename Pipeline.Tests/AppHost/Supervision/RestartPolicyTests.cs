using Microsoft.Extensions.Time.Testing;
using Pipeline.AppHost.Supervision;
using Pipeline.ServiceDefaults.Configuration;

namespace Pipeline.Tests.AppHost.Supervision;

public class RestartPolicyTests
{
    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData(RestartCondition.Never, Ending.Failed, false)]
    [InlineData(RestartCondition.Never, Ending.Hung, false)]
    [InlineData(RestartCondition.OnFailure, Ending.Completed, false)]
    [InlineData(RestartCondition.OnFailure, Ending.Failed, true)]
    [InlineData(RestartCondition.OnFailure, Ending.Hung, true)]
    [InlineData(RestartCondition.Always, Ending.Completed, true)]
    [InlineData(RestartCondition.Always, Ending.Failed, true)]
    [InlineData(RestartCondition.Always, Ending.OnDemand, false)]
    [InlineData(RestartCondition.OnFailure, Ending.OnDemand, false)]
    internal void Ended_EachCondition_RestartsWhatItNames(RestartCondition condition, Ending ending, bool restarts)
    {
        var decision = Policy(options => options.Policy = condition).Ended(ending);

        Assert.Equal(restarts, decision is RestartDecision.Restart);
        Assert.Equal(!restarts, decision is RestartDecision.Leave);
    }

    [Fact]
    public void Ended_Repeatedly_DoublesTheDelayUpToItsCap()
    {
        var policy = Policy(options =>
        {
            options.InitialDelay = TimeSpan.FromMilliseconds(200);
            options.MaxDelay = TimeSpan.FromSeconds(1);
        });

        Assert.Equal([200, 400, 800, 1000, 1000], Enumerable.Range(0, 5).Select(_ => Delay(policy)));
    }

    [Fact]
    public void Ended_ThousandsOfTimes_KeepsTheCap()
    {
        var policy = Policy(options =>
        {
            options.MaxRestarts = 1000;
            options.MaxDelay = TimeSpan.FromHours(1);
        });
        for (var i = 0; i < 200; i++)
            Delay(policy);

        Assert.Equal(TimeSpan.FromHours(1).TotalMilliseconds, Delay(policy));
    }

    [Theory]
    [InlineData(0, 200)]
    [InlineData(-1, 800)]
    public void Ended_AfterHealthyOrShorterPeriod_BeginsWithInitialDelayOrDoublesOn(long ticks, double delay)
    {
        var policy = Policy(options => options.HealthyAfter = TimeSpan.FromSeconds(30));
        Delay(policy);
        Delay(policy);
        policy.Running();
        _time.Advance(TimeSpan.FromSeconds(30) + TimeSpan.FromTicks(ticks));

        Assert.Equal(delay, Delay(policy));
    }

    [Fact]
    public void Ended_StartFailed_CountsNoFormerTime()
    {
        var policy = Policy(_ => { });
        policy.Running();
        _time.Advance(TimeSpan.FromMinutes(1));
        Delay(policy);
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(400, Delay(policy));
    }

    [Fact]
    public void Ended_LimitReached_GivesUp()
    {
        var policy = Policy(options => options.MaxRestarts = 3);

        Assert.Equal(
            [1, 2, 3],
            Enumerable.Range(0, 3).Select(_ => Assert.IsType<RestartDecision.Restart>(policy.Ended(Ending.Failed)).Number));
        Assert.IsType<RestartDecision.GiveUp>(policy.Ended(Ending.Failed));
    }

    [Fact]
    public void Ended_RestartsLeftTheWindow_DoNotCount()
    {
        var policy = Policy(options =>
        {
            options.MaxRestarts = 2;
            options.Window = TimeSpan.FromMinutes(5);
        });
        policy.Ended(Ending.Failed);
        _time.Advance(TimeSpan.FromMinutes(3));
        policy.Ended(Ending.Failed);
        _time.Advance(TimeSpan.FromMinutes(2));

        Assert.Equal(2, Assert.IsType<RestartDecision.Restart>(policy.Ended(Ending.Failed)).Number);
        Assert.IsType<RestartDecision.GiveUp>(policy.Ended(Ending.Failed));
    }

    [Fact]
    public void Forget_LimitReached_CountsAnew()
    {
        var policy = Policy(options => options.MaxRestarts = 1);
        policy.Ended(Ending.Failed);
        policy.Forget();

        Assert.Equal(200, Delay(policy));
    }

    [Fact]
    public void Errors_WrongOptions_TellsAll()
    {
        var errors = SettingsValidation.Errors(
            new RestartOptions
            {
                Policy = (RestartCondition)9,
                InitialDelay = TimeSpan.FromHours(2),
                MaxDelay = TimeSpan.FromHours(3),
                HealthyAfter = TimeSpan.Zero,
                MaxRestarts = 0,
                Window = TimeSpan.FromDays(2),
            },
            "Here");

        string[] expected =
        [
            "Here: Policy must be Never, OnFailure or Always",
            "Here:InitialDelay must be 00:00:00 to 01:00:00, not 02:00:00",
            "Here:MaxDelay must be 00:00:00 to 01:00:00, not 03:00:00",
            "Here:HealthyAfter must be 00:00:00.001 to 1.00:00:00, not 00:00:00",
            "Here:MaxRestarts must be 1 to 1000, not 0",
            "Here:Window must be 00:00:00.001 to 1.00:00:00, not 2.00:00:00 (a number alone is days)",
        ];
        Assert.Equal(expected.Order(), errors.Order());
    }

    [Fact]
    public void Errors_CapBelowTheFirstDelay_IsTold() => Assert.Equal(
        ["Here: MaxDelay must not be below InitialDelay (00:00:02): 00:00:01"],
        SettingsValidation.Errors(new RestartOptions { InitialDelay = TimeSpan.FromSeconds(2), MaxDelay = TimeSpan.FromSeconds(1) }, "Here"));

    [Fact]
    public void Errors_Defaults_None()
    {
        Assert.Empty(SettingsValidation.Errors(new RestartOptions(), "Here"));
        Assert.Empty(SettingsValidation.Errors(new LivenessOptions(), "Here"));
    }

    [UnixFact]
    public void Describe_ProcessEndedByASignal_SaysSo() => Assert.Equal("was ended by a signal", Ending.Failed.Describe(-1));

    private static double Delay(RestartPolicy policy) =>
        Assert.IsType<RestartDecision.Restart>(policy.Ended(Ending.Failed)).Delay.TotalMilliseconds;

    private RestartPolicy Policy(Action<RestartOptions> configure)
    {
        var options = new RestartOptions();
        configure(options);
        return new RestartPolicy(options, _time);
    }
}
