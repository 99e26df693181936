using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Fairlead.Policies;
using Fairlead.Schedules;
using Fairlead.Storage;

namespace Fairlead.Tests.Policies;

[SuppressMessage("Usage", "xUnit1026", Justification = "Rows say what they are about.")]
public sealed class CronRecurrenceTests
{
    /// <summary>Every expression that a table here or in the documents names, with its zone and the year that is walked.</summary>
    public static TheoryData<string, string, int> Years => [.. CronTable.Rows.Select(static row => (row.Expression, row.Zone, row.Instants[0].Year)).Concat(Named).Distinct()
        .Where(static row => !row.Expression.StartsWith('@'))];

    private static readonly (string Expression, string Zone, int Year)[] Named =
    [
        ("* * * * *",              "Europe/Berlin",       2026),
        ("*/5 * * * *",            "Australia/Lord_Howe", 2026),
        ("*/7 1-3 * * *",          "Australia/Lord_Howe", 2026),
        ("5-59/20 */3 * * *",      "Antarctica/Troll",    2026),
        ("0,30 0-2,23 * * *",      "America/Sao_Paulo",   2018),
        ("59 23 28-31 * *",        "America/New_York",    2024),
        ("0 0 29 2 *",             "Asia/Kathmandu",      2024),
        ("45 5 * * MON-FRI",       "Asia/Kathmandu",      2026),
        ("30 2 1,15 * SUN",        "Europe/Berlin",       2026),
        ("0 12 * JAN,JUN-AUG 1",   "UTC",                 2026),
        ("10/15 2 * 3,10,11 *",    "America/New_York",    2026),
        ("20 2 * * *",             "Africa/Casablanca",   2026),
        ("20 */2 * * *",           "Africa/Casablanca",   2026),
        ("0 */6 * * *",            "Pacific/Apia",        2011),
        ("15 10 30 12 *",          "Pacific/Apia",        2011),
        ("0 0 31 * *",             "Europe/Berlin",       2025),
        ("*/20 30 2 * * *",        "Europe/Berlin",       2026),
        ("15 */10 1-2 * * *",      "America/New_York",    2026),
    ];

    [Theory]
    // Days and months
    [InlineData("0 0 29 2 *",        "UTC",            "2025-01-01 00:00 +00:00",    "2028-02-29 00:00 +00:00")]
    [InlineData("0 0 29 2 *",        "UTC",            "2096-02-29 00:00 +00:00",    "2104-02-29 00:00 +00:00")]
    [InlineData("0 0 29 2 1",        "Europe/Berlin",  "2024-03-01 00:00 +01:00",    "2044-02-29 00:00 +01:00")]
    [InlineData("0 0 31 * *",        "UTC",            "2026-01-31 00:00 +00:00",    "2026-03-31 00:00 +00:00")]
    [InlineData("0 0 30 * *",        "UTC",            "2026-01-30 00:00 +00:00",    "2026-03-30 00:00 +00:00")]
    [InlineData("59 23 31 12 *",     "UTC",            "2026-12-31 23:59 +00:00",    "2027-12-31 23:59 +00:00")]
    [InlineData("0 9 13 * 5",        "UTC",            "2026-01-01 00:00 +00:00",    "2026-02-13 09:00 +00:00")]   // both the 13th and a Friday
    [InlineData("0 9 * * MON",       "UTC",            "2026-11-24 00:00 +00:00",    "2026-11-30 09:00 +00:00")]
    [InlineData("0 9 * * mon-fri",   "UTC",            "2026-11-27 09:00 +00:00",    "2026-11-30 09:00 +00:00")]
    // Names
    [InlineData("@hourly",           "Asia/Kathmandu", "2026-01-01 00:20 +00:00",    "2026-01-01 01:15 +00:00")]   // +05:45
    [InlineData("@daily",            "Asia/Kathmandu", "2026-01-01 00:00 +00:00",    "2026-01-01 18:15 +00:00")]
    [InlineData("@weekly",           "UTC",            "2026-11-24 00:00 +00:00",    "2026-11-29 00:00 +00:00")]
    [InlineData("@monthly",          "UTC",            "2026-11-24 00:00 +00:00",    "2026-12-01 00:00 +00:00")]
    [InlineData("@Yearly",           "UTC",            "2026-11-24 00:00 +00:00",    "2027-01-01 00:00 +00:00")]
    // Seconds, and parts of seconds
    [InlineData("*/20 * * * * *",    "UTC",            "2026-01-01 00:00:20 +00:00", "2026-01-01 00:00:40 +00:00")]
    [InlineData("30 59 23 * * *",    "UTC",            "2026-12-31 23:59:30 +00:00", "2027-01-01 23:59:30 +00:00")]
    [InlineData("  0  3 * * *  ",    "UTC",            "2026-01-01 03:00 +00:00",    "2026-01-02 03:00 +00:00")]
    // The same instants whatever offset asks
    [InlineData("0 3 * * *",         "Europe/Berlin",  "2026-07-01 10:30 +09:30",    "2026-07-02 01:00 +00:00")]
    public void The_next_time_is(string expression, string zone, string after, string next) =>
        Next(expression, zone, CronTable.Instant(after)).ShouldBe(CronTable.Instant(next));

    [Theory]
    // Clocks go forward
    [InlineData("30 2 * * *",      "Europe/Berlin",       "2026-03-29 01:59 +01:00", "2026-03-29 03:00 +02:00")]
    [InlineData("30 2 * * *",      "Europe/Berlin",       "2026-03-29 03:00 +02:00", "2026-03-30 02:30 +02:00")]
    [InlineData("0,30 2 * * *",    "Europe/Berlin",       "2026-03-29 03:00 +02:00", "2026-03-30 02:00 +02:00")]
    [InlineData("15 2 * * *",      "Australia/Lord_Howe", "2026-10-04 01:59 +10:30", "2026-10-04 02:30 +11:00")]
    [InlineData("30 2 * * *",      "Australia/Lord_Howe", "2026-10-04 01:59 +10:30", "2026-10-04 02:30 +11:00")]
    [InlineData("0 0 * * *",       "America/Sao_Paulo",   "2018-11-03 23:59 -03:00", "2018-11-04 01:00 -02:00")]
    [InlineData("0 2 * * *",       "Antarctica/Troll",    "2026-03-29 00:59 +00:00", "2026-03-29 03:00 +02:00")]
    [InlineData("0 12 * * *",      "Pacific/Apia",        "2011-12-29 12:00 -10:00", "2011-12-31 00:00 +14:00")]
    [InlineData("0 12 * * *",      "Pacific/Apia",        "2011-12-31 00:00 +14:00", "2011-12-31 12:00 +14:00")]
    // Clocks go back
    [InlineData("30 2 * * *",      "Europe/Berlin",       "2026-10-25 02:30 +02:00", "2026-10-26 02:30 +01:00")]
    [InlineData("30 2 * * *",      "Europe/Berlin",       "2026-10-25 02:15 +01:00", "2026-10-26 02:30 +01:00")]
    [InlineData("0 3 * * *",       "Europe/Berlin",       "2026-10-25 02:59 +02:00", "2026-10-25 03:00 +01:00")]
    [InlineData("45 1 * * *",      "Australia/Lord_Howe", "2026-04-05 01:45 +11:00", "2026-04-06 01:45 +10:30")]
    [InlineData("30 23 * * *",     "America/Sao_Paulo",   "2018-02-17 23:30 -02:00", "2018-02-18 23:30 -03:00")]
    [InlineData("30 * * * *",      "America/New_York",    "2026-11-01 01:30 -04:00", "2026-11-01 01:30 -05:00")]
    [InlineData("*/30 1 * * *",    "America/New_York",    "2026-11-01 01:30 -04:00", "2026-11-01 01:00 -05:00")]
    public void When_clocks_are_changed_the_next_time_is(string expression, string zone, string after, string next) =>
        Next(expression, zone, CronTable.Instant(after)).ShouldBe(CronTable.Instant(next));

    [Fact]
    public void The_table_in_the_document_holds_row_by_row()
    {
        CronTable.Rows.Count.ShouldBeGreaterThan(20);
        foreach (var row in CronTable.Rows)
        {
            var found = From(row.Expression, row.Zone, row.Instants[0].AddTicks(-1)).Take(row.Instants.Count);

            found.Select(each => CronTable.Text(each, row.Zone)).ShouldBe(row.Instants.Select(each => CronTable.Text(each, row.Zone)), row.ToString());
            row.Instants.ShouldAllBe(each => each.Offset == TimeZoneInfo.FindSystemTimeZoneById(row.Zone).GetUtcOffset(each), row.ToString());
        }
    }

    [Theory]
    [MemberData(nameof(Years))]
    public void A_year_is_as_the_wall_clock_has_it(string expression, string zone, int year)
    {
        var (from, until) = (new DateTime(year, 1, 1, 0, 0, 0, DateTimeKind.Utc), new DateTime(year + 1, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        var found = From(expression, zone, new DateTimeOffset(from.AddTicks(-1))).TakeWhile(each => each.UtcDateTime < until).Select(static each => each.UtcDateTime).ToList();

        // Seconds are looked at in the months in which clocks are changed.
        var months = expression.Split(' ').Length == 6 ? [3, 4, 10, 11] : Enumerable.Range(1, 12).ToArray();
        var (here, oracle) = (TimeZoneInfo.FindSystemTimeZoneById(zone), new CronOracle(expression));
        var wanted = months.Select(month => new DateTime(year, month, 1, 0, 0, 0, DateTimeKind.Utc)).SelectMany(month => oracle.Between(here, month, month.AddMonths(1))).ToList();
        found = [.. found.Where(each => months.Contains(each.Month))];
        wanted.Count.ShouldBeGreaterThan(0);
        found.Except(wanted).Select(static each => $"{each:u} should not come").Concat(wanted.Except(found).Select(static each => $"{each:u} did not come")).ShouldBeEmpty();
        found.ShouldBeUnique();
        found.ShouldBeInOrder();
    }

    /// <summary>From wherever one asks, the answer is the first of its instants after that: nothing depends on having asked before.</summary>
    [Fact]
    public void Every_instant_has_the_same_answer_as_those_beside_it()
    {
        var random = new Random(7);
        foreach (var row in CronTable.Rows)
        {
            var (first, last) = (row.Instants[0].AddDays(-2), row.Instants[^1].AddDays(2));
            var all = From(row.Expression, row.Zone, first).TakeWhile(each => each <= last).ToList();
            for (var i = 0; i < 300; i++)
            {
                var after = first.AddTicks(random.NextInt64((last - first).Ticks));
                var wanted = all.Cast<DateTimeOffset?>().FirstOrDefault(each => each > after);
                var next = Next(row.Expression, row.Zone, after);
                (wanted is null ? next > last : next == wanted).ShouldBeTrue($"{row}: after {after:O} came {next:O}");
            }
        }
    }

    [Theory]
    [InlineData("0001-01-01 00:00 +00:00")]
    [InlineData("0001-01-02 00:00 +14:00")]
    [InlineData("9999-12-31 23:59 +00:00")]
    [InlineData("9999-12-24 23:00 -14:00")]
    public void The_ends_of_time_are_no_error(string after)
    {
        foreach (var expression in new[] { "0 0 29 2 *", "* * * * *", "30 2 * * *" })
        {
            var next = Next(expression, "Europe/Berlin", CronTable.Instant(after));
            (next is null || next > CronTable.Instant(after)).ShouldBeTrue();
        }
    }

    [Theory]
    [InlineData("0 3 * *",          "UTC",            "five fields", "got 4", "0 3 * * *")]
    [InlineData("",                 "UTC",            "five fields", "got 0")]
    [InlineData("0 0 3 * * * 2026", "UTC",            "five fields", "got 7")]
    [InlineData("@dayly",           "UTC",            "@dayly", "did you mean '@daily'")]
    [InlineData("60 3 * * *",       "UTC",            "0 to 59", "minute", "'60'")]
    [InlineData("0 24 * * *",       "UTC",            "0 to 23", "hour", "'24'")]
    [InlineData("0 0 0 * *",        "UTC",            "1 to 31", "day of month", "'0'")]
    [InlineData("0 0 * 13 *",       "UTC",            "1 to 12", "jan to dec", "month")]
    [InlineData("0 0 * * 7",        "UTC",            "0 to 6", "Sunday is 0")]
    [InlineData("0 0 * * L",        "UTC",            "day of week", "'L'")]
    [InlineData("0 0 ? * 1",        "UTC",            "day of month", "'?'")]
    [InlineData("*/0 * * * *",      "UTC",            "step of 1 to 59", "'*/0'")]
    [InlineData("*/x * * * *",      "UTC",            "step", "'*/x'")]
    [InlineData("0 22-2 * * *",     "UTC",            "backwards", "22-23,0-2")]
    [InlineData("1,,2 * * * *",     "UTC",            "minute", "''")]
    [InlineData("1-2-3 * * * *",    "UTC",            "minute", "'1-2-3'")]
    [InlineData("99999999999 * * * *", "UTC",         "minute", "'99999999999'")]
    [InlineData("+1 * * * *",       "UTC",            "minute", "'+1'")]
    [InlineData("0 0 30 2 *",       "UTC",            "never comes", "28")]
    [InlineData("0 0 31 4,6 *",     "UTC",            "never comes")]
    [InlineData("0 3 * * *",        "Europe/Berln",   "IANA", "'Europe/Berln'", "Did you mean 'Europe/Berlin'")]
    [InlineData("0 3 * * *",        "Central",        "IANA", "'Central'")]
    [InlineData("0 3 * * *",        "",               "IANA", "''")]
    public void What_is_wrong_is_said_with_the_way_out(string expression, string zone, params string[] says)
    {
        var problem = CronRecurrence.Problem(expression, zone).ShouldNotBeNull();
        says.ShouldAllBe(part => problem.Contains(part, StringComparison.Ordinal), problem);
        Should.Throw<ArgumentException>(() => Next(expression, zone, DateTimeOffset.UnixEpoch)).Message.ShouldContain(problem);
    }

    [Theory]
    [MemberData(nameof(Years))]
    public void Nothing_is_wrong_with_what_the_tables_name(string expression, string zone, int year)
    {
        _ = year;
        new CronRecurrence(expression, zone).Problem().ShouldBeNull();
    }

    [Theory]
    [InlineData(0.999, false)]
    [InlineData(1, true)]
    [InlineData(315_360_000, true)]
    [InlineData(315_360_001, false)]
    public void Rates_and_delays_are_from_a_second_to_ten_years(double seconds, bool sound)
    {
        Recurrence[] both = [new FixedRate(TimeSpan.FromSeconds(seconds)), new FixedDelay(TimeSpan.FromSeconds(seconds))];
        both.ShouldAllBe(when => (when.Problem() == null) == sound);
        both.Where(static when => when.Problem() is not null).ShouldAllBe(when => when.Problem()!.Contains(seconds.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
    }

    [Fact]
    public void Equal_texts_are_equal_whether_used_or_not()
    {
        var used = new CronRecurrence("0 3 * * *", "Europe/Berlin");
        _ = used.Next(DateTimeOffset.UnixEpoch, default);

        used.ShouldBe(new CronRecurrence("0 3 * * *", "Europe/Berlin"));
        used.GetHashCode().ShouldBe(new CronRecurrence("0 3 * * *", "Europe/Berlin").GetHashCode());
        used.ShouldNotBe(new CronRecurrence("0 3 * * *", "Europe/Paris"));
        var other = used with { Expression = "0 4 * * *" };
        other.Next(DateTimeOffset.UnixEpoch, default).ShouldBe(new CronRecurrence("0 4 * * *", "Europe/Berlin").Next(DateTimeOffset.UnixEpoch, default));
    }

    [Fact]
    public void A_definition_comes_back_from_its_text()
    {
        Recurrence[] all = [new CronRecurrence("0 3 * * *", "Europe/Berlin"), new FixedRate(TimeSpan.FromMinutes(5)), new FixedDelay(TimeSpan.FromHours(1))];
        foreach (var when in all)
        {
            var definition = new ScheduleDefinition { Name = "s", When = when, Round = new NewJob { Queue = "q", Kind = new JobKind("k"), Payload = "{\"a\":1}"u8.ToArray() } };
            _ = when.Next(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch);
            var text = ScheduleJson.Write(definition);

            ScheduleJson.ReadDefinition(text).When.ShouldBe(when);
            ScheduleJson.Write(ScheduleJson.ReadDefinition(text)).ShouldBe(text);
        }
    }

    /// <summary>A node reads the schedules of others, even those it could not serve itself.</summary>
    [Fact]
    public void What_nobody_here_understands_can_be_read_all_the_same()
    {
        var when = new CronRecurrence("0 3 * * *", "Mars/Olympus_Mons");
        var definition = new ScheduleDefinition { Name = "s", When = when, Round = new NewJob { Queue = "q", Kind = new JobKind("k") } };

        ScheduleJson.ReadDefinition(ScheduleJson.Write(definition)).When.ShouldBe(when);
    }

    private static DateTimeOffset? Next(string expression, string zone, DateTimeOffset after) => new CronRecurrence(expression, zone).Next(after, DateTimeOffset.UnixEpoch);

    private static IEnumerable<DateTimeOffset> From(string expression, string zone, DateTimeOffset after)
    {
        var when = new CronRecurrence(expression, zone);
        for (var next = when.Next(after, after); next is { } time; next = when.Next(time, after))
        {
            yield return time;
        }
    }
}
