namespace Fairlead.Tests.Policies;

public sealed class RateTests
{
    [Theory]
    [InlineData("8/s",      8,     1_000,      "8/s")]
    [InlineData("1/2s",     1,     2_000,      "1/2s")]
    [InlineData(" 8 / s ",  8,     1_000,      "8/s")]
    [InlineData("90000/m",  90000, 60_000,     "90000/m")]
    [InlineData("10/60s",   10,    60_000,     "10/m")]
    [InlineData("100/h",    100,   3_600_000,  "100/h")]
    [InlineData("5000/day", 5000,  86_400_000, "5000/day")]
    [InlineData("5000/d",   5000,  86_400_000, "5000/day")]
    [InlineData("7/24h",    7,     86_400_000, "7/day")]
    [InlineData("3/250ms",  3,     250,        "3/250ms")]
    [InlineData("1/1500ms", 1,     1_500,      "1/1500ms")]
    public void Is_read_and_written(string text, long permits, int milliseconds, string written)
    {
        var rate = Rate.Parse(text);
        rate.ShouldBe(new Rate(permits, TimeSpan.FromMilliseconds(milliseconds)));
        rate.ToString().ShouldBe(written);
        Rate.Parse(rate.ToString()).ShouldBe(rate);
    }

    [Theory]
    [InlineData("")]
    [InlineData("8")]
    [InlineData("/s")]
    [InlineData("8/")]
    [InlineData("0/s")]
    [InlineData("-8/s")]
    [InlineData("8.5/s")]
    [InlineData("8/0s")]
    [InlineData("8/fortnight")]
    [InlineData("8/s/s")]
    [InlineData("8/ms")]
    [InlineData("8/-1s")]
    [InlineData("8/99999999999s")]
    public void Anything_else_is_refused_with_what_was_expected(string text)
    {
        Rate.TryParse(text, out _).ShouldBeFalse();
        Should.Throw<FormatException>(() => Rate.Parse(text)).Message.ShouldContain($"8/s, 90000/m, 5000/day or 1/2s (whole permits per s, m, h, day or a multiple of them); got '{text}'");
    }

    [Fact]
    public void Per_second_is_what_it_comes_to() =>
        new[] { 8.PerSecond(), 30.PerMinute(), 7200.PerHour(), 86_400.PerDay() }.Select(r => r.PerSecond).ShouldBe([8, 0.5, 2, 1]);
}
