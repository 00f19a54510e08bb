using Microsoft.Extensions.Time.Testing;
using Pipeline.AppHost.Supervision;

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
    internal void Restarts_only_what_its_condition_names(RestartCondition condition, Ending ending, bool restarts)
    {
        var decision = Policy(options => options.Policy = condition).Ended(ending);

        Assert.Equal(restarts, decision is RestartDecision.Restart);
        Assert.Equal(!restarts, decision is RestartDecision.Leave);
    }

    [Fact]
    public void The_delay_doubles_up_to_its_cap()
    {
        var policy = Policy(options =>
        {
            options.InitialDelay = TimeSpan.FromMilliseconds(200);
            options.MaxDelay = TimeSpan.FromSeconds(1);
        });

        Assert.Equal([200, 400, 800, 1000, 1000], Enumerable.Range(0, 5).Select(_ => Delay(policy)));
    }

    [Fact]
    public void The_delay_stays_at_its_cap_however_often_it_doubled()
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

    [Fact]
    public void A_healthy_period_begins_again_with_the_initial_delay()
    {
        var policy = Policy(options => options.HealthyAfter = TimeSpan.FromSeconds(30));
        Delay(policy);
        Delay(policy);
        policy.Running();
        _time.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal(200, Delay(policy));
    }

    [Fact]
    public void A_shorter_period_does_not()
    {
        var policy = Policy(options => options.HealthyAfter = TimeSpan.FromSeconds(30));
        Delay(policy);
        policy.Running();
        _time.Advance(TimeSpan.FromSeconds(30) - TimeSpan.FromTicks(1));

        Assert.Equal(400, Delay(policy));
    }

    [Fact]
    public void A_start_that_failed_counts_no_time_of_the_run_before_it()
    {
        var policy = Policy(_ => { });
        policy.Running();
        _time.Advance(TimeSpan.FromMinutes(1));
        Delay(policy);
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(400, Delay(policy));
    }

    [Fact]
    public void Gives_up_after_so_many_restarts_in_the_window()
    {
        var policy = Policy(options => options.MaxRestarts = 3);

        Assert.Equal([1, 2, 3], Enumerable.Range(0, 3).Select(_ => Assert.IsType<RestartDecision.Restart>(policy.Ended(Ending.Failed)).Number));
        Assert.IsType<RestartDecision.GiveUp>(policy.Ended(Ending.Failed));
    }

    [Fact]
    public void Restarts_that_left_the_window_do_not_count()
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
    public void Forgets_what_it_counted_when_somebody_takes_care()
    {
        var policy = Policy(options => options.MaxRestarts = 1);
        policy.Ended(Ending.Failed);
        policy.Forget();

        Assert.Equal(200, Delay(policy));
    }

    [Fact]
    public void Every_error_of_the_options_is_told()
    {
        List<string> errors = [];
        RestartValidator.Check(
            new RestartOptions
            {
                Policy = (RestartCondition)9,
                InitialDelay = TimeSpan.FromHours(2),
                MaxDelay = TimeSpan.FromSeconds(1),
                HealthyAfter = TimeSpan.Zero,
                MaxRestarts = 0,
                Window = TimeSpan.FromDays(2),
            },
            "Here",
            errors);

        Assert.Equal(
            ["Here:Policy", "Here:InitialDelay", "Here:MaxDelay", "Here:HealthyAfter", "Here:MaxRestarts", "Here:Window"],
            errors.Select(error => error.Split(' ')[0]));
    }

    [Fact]
    public void The_defaults_are_valid()
    {
        List<string> errors = [];
        RestartValidator.Check(new RestartOptions(), "Here", errors);
        LivenessValidator.Check(new LivenessOptions(), errors);

        Assert.Empty(errors);
    }

    private static double Delay(RestartPolicy policy) =>
        Assert.IsType<RestartDecision.Restart>(policy.Ended(Ending.Failed)).Delay.TotalMilliseconds;

    private RestartPolicy Policy(Action<RestartOptions> configure)
    {
        var options = new RestartOptions();
        configure(options);
        return new RestartPolicy(options, _time);
    }
}
