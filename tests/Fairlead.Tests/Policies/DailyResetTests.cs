namespace Fairlead.Tests.Policies;

public sealed class DailyResetTests
{
    // In 2026 the clocks of Los Angeles jump on 8 March and fall back on 1 November, those of Berlin on 29 March and 25 October.
    [Theory]
    [InlineData("00:00",                     "2026-01-05T10:00Z", "2026-01-05T00:00Z", "2026-01-06T00:00Z")]
    [InlineData("00:00",                     "2026-01-05T00:00Z", "2026-01-05T00:00Z", "2026-01-06T00:00Z")]
    [InlineData("06:30",                     "2026-01-05T06:29Z", "2026-01-04T06:30Z", "2026-01-05T06:30Z")]
    [InlineData("00:00 America/Los_Angeles", "2026-01-05T07:59Z", "2026-01-04T08:00Z", "2026-01-05T08:00Z")]
    [InlineData("00:00 America/Los_Angeles", "2026-03-08T12:00Z", "2026-03-08T08:00Z", "2026-03-09T07:00Z")]
    [InlineData("00:00 America/Los_Angeles", "2026-11-01T12:00Z", "2026-11-01T07:00Z", "2026-11-02T08:00Z")]
    [InlineData("02:30 America/Los_Angeles", "2026-03-08T09:59Z", "2026-03-07T10:30Z", "2026-03-08T10:00Z")]
    [InlineData("02:30 America/Los_Angeles", "2026-03-08T10:00Z", "2026-03-08T10:00Z", "2026-03-09T09:30Z")]
    [InlineData("01:30 America/Los_Angeles", "2026-11-01T09:00Z", "2026-11-01T08:30Z", "2026-11-02T09:30Z")]
    [InlineData("02:30 Europe/Berlin",       "2026-10-25T00:45Z", "2026-10-25T00:30Z", "2026-10-26T01:30Z")]
    [InlineData("00:00 Pacific/Kiritimati",  "2026-01-05T09:59Z", "2026-01-04T10:00Z", "2026-01-05T10:00Z")]
    public void Comes_by_the_clocks_of_its_zone(string reset, string now, string last, string next)
    {
        var around = DailyReset.Parse(reset).Around(At(now));
        (around.Last.UtcDateTime, around.Next.UtcDateTime).ShouldBe((At(last).UtcDateTime, At(next).UtcDateTime));
    }

    [Theory]
    [InlineData("00:00 America/Los_Angeles", "00:00 America/Los_Angeles")]
    [InlineData("06:30", "06:30 UTC")]
    public void Is_read_and_written(string text, string written) => DailyReset.Parse(text).ToString().ShouldBe(written);

    [Theory]
    [InlineData("")]
    [InlineData("24:00")]
    [InlineData("6:30")]
    [InlineData("midnight UTC")]
    public void Anything_else_is_refused_with_what_was_expected(string text) =>
        Should.Throw<FormatException>(() => DailyReset.Parse(text)).Message.ShouldContain($"such as 00:00 America/Los_Angeles; got '{text}'");

    [Fact]
    public void An_unknown_zone_is_known_to_be_unknown()
    {
        DailyReset.Parse("00:00 Mars/Olympus").IsKnown.ShouldBeFalse();
        DailyReset.Parse("00:00 Europe/Berlin").IsKnown.ShouldBeTrue();
    }

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
