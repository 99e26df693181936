using System.Text;
using Fairlead.Cli.Runs;

namespace Fairlead.Cli.Tests;

/// <summary>Limits, breakers and groups as they are typed, in tables.</summary>
public sealed class FlowTextTests
{
    [Theory]
    [InlineData("8/s", "8/s")]
    [InlineData("90000/m", "90000/m")]
    [InlineData("20/s,burst=4", "20/s, burst 4")]
    [InlineData("20/s, burst=4", "20/s, burst 4")]
    [InlineData("100/m,shape=window", "100/m, window")]
    [InlineData("8/s,shape=smooth", "8/s")]
    [InlineData("8/s,margin=2%", "8/s, margin 2%")]
    [InlineData("8/s,margin=0.02", "8/s, margin 2%")]
    [InlineData("5000/day,resets=00:00 America/Los_Angeles", "5000/day, resets 00:00 America/Los_Angeles")]
    [InlineData("90000/m,burst=10000,per_group,debt=true,adaptive=false", "90000/m, burst 10000, per group, debt")]
    [InlineData("concurrent:10", "10 at once")]
    [InlineData("concurrent:2,per_group", "2 at once, per group")]
    public void Limits_are_read(string text, string limit) => LimitText.Parse("api", text).ToString().ShouldBe(limit);

    [Theory]
    [InlineData("", "expected a rate such as 8/s")]
    [InlineData("8", "expected a rate such as 8/s")]
    [InlineData("0/s", "expected a rate such as 8/s")]
    [InlineData("8/fortnight", "expected a rate such as 8/s")]
    [InlineData("concurrent", "expected a rate such as 8/s")]
    [InlineData("concurrent:0", "after concurrent:, such as concurrent:10; got 'concurrent:0'")]
    [InlineData("concurrent:-1", "after concurrent:")]
    [InlineData("concurrent:5,burst=2", "belong to rates")]
    [InlineData("8/s,", "has no option ''")]
    [InlineData("8/s,burst", "burst expects a whole number of 1 or more, burst=4; got 'burst'")]
    [InlineData("8/s,burst=0", "burst expects a whole number")]
    [InlineData("8/s,shape=round", "shape expects smooth or window; got 'shape=round'")]
    [InlineData("8/s,margin=60%", "Margin expects a share from 0 to 0.5")]
    [InlineData("8/s,margin=much", "margin expects a share, margin=2%; got 'margin=much'")]
    [InlineData("8/s,debt=maybe", "debt expects true or false")]
    [InlineData("8/s,resets=noon", "resets expects a time of day and a zone")]
    [InlineData("5000/day,resets=00:00 Nowhere/Town", "time zone 'Nowhere/Town' is not known here")]
    [InlineData("100/m,shape=window,burst=5", "leave out Burst and Debt")]
    [InlineData("8/s,shap=window", "did you mean 'shape'?")]
    public void What_is_no_limit_is_refused(string text, string why) =>
        Should.Throw<FormatException>(() => LimitText.Parse("api", text)).Message.ShouldContain(why);

    [Fact]
    public void A_changed_limit_keeps_what_is_not_named()
    {
        var declared = new Limit { Rate = 8.PerSecond(), Burst = 4, Adaptive = true };
        LimitText.Parse("api", "3/s", declared).ShouldBe(declared with { Rate = 3.PerSecond() });
        LimitText.Parse("api", "3/s,burst=1,adaptive=false", declared).ShouldBe(3.PerSecond());
    }

    [Theory]
    [InlineData("api=8/s", "api")]
    [InlineData("a b=8/s,burst=2", "a b")]
    public void A_limits_name_ends_at_the_first_equals_sign(string text, string name) => LimitText.ParseNamed(text).Name.ShouldBe(name);

    [Theory]
    [InlineData("failures=5,open_for=60s,max_open=10m", "failures=5,open_for=60s,max_open=10m")]
    [InlineData("failures=2", "failures=2,open_for=30s,max_open=10m")]
    [InlineData("open_for=1h", "failures=5,open_for=1h,max_open=1h")]
    public void Breakers_are_read(string text, string policy) => BreakerText.Parse(text).ShouldBe(BreakerText.Parse(policy));

    [Theory]
    [InlineData("", "has no ''")]
    [InlineData("5", "has no '5'")]
    [InlineData("failures=0", "expects 1 to 1000 failures")]
    [InlineData("failures=x", "failures expects a whole number, failures=5; got 'failures=x'")]
    [InlineData("open_for=20m,max_open=5m", "0 < open_for <= max_open")]
    [InlineData("max_opne=5m", "did you mean 'max_open'?")]
    public void What_is_no_breaker_is_refused(string text, string why) =>
        Should.Throw<FormatException>(() => BreakerText.Parse(text)).Message.ShouldContain(why);

    [Theory]
    [InlineData("://([^/]+)", "https://a.de/x", "a.de")]
    [InlineData("^[a-z]+", "abc-12", "abc")]
    [InlineData("(?<host>[a-z]+)[.]", "ab.de", "ab")]
    [InlineData("://([^/]+)", "none", null)]
    [InlineData("x(y)?", "x", null)]
    [InlineData("", "abc", null)]
    [InlineData("ä(.)", "äß", "ß")]
    public void A_lines_group_is_found(string expression, string line, string? group) =>
        new RunGroups(expression).Of(Encoding.UTF8.GetBytes(line), "here").ShouldBe(group);

    [Fact]
    public void An_expression_that_never_ends_and_a_group_that_is_no_name_say_which_line()
    {
        var endless = new RunGroups("^(a+)+$");
        Should.Throw<CommandFailure>(() => endless.Of(Encoding.UTF8.GetBytes(new string('a', 60) + "!"), "'urls', line 7")).Message.ShouldContain("'urls', line 7: --group-by '^(a+)+$' took longer than 1 s");
        Should.Throw<CommandFailure>(() => new RunGroups(".*").Of(Encoding.UTF8.GetBytes(new string('a', 201)), "'urls', line 8")).Message.ShouldContain("'urls', line 8: A group has 1 to 200 characters");
    }
}
