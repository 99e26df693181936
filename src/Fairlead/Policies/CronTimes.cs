using NCrontab;

namespace Fairlead.Policies;

/// <summary>The wall clock times that a cron expression names, without a time zone.</summary>
internal sealed class CronTimes
{
    /// <summary>No expression waits longer than 40 years: for a leap day on a given day of the week, across a century without one.</summary>
    private const int MostYears = 100;
    private readonly CrontabSchedule _schedule;
    private readonly CrontabField[] _fields;

    /// <param name="expression">One without a <see cref="CronText.Problem" />.</param>
    public CronTimes(string expression)
    {
        var fields = CronText.Fields(expression);
        var withSeconds = fields.Count == CronText.Kinds.Count;
        _schedule = CrontabSchedule.Parse(string.Join(' ', fields), new CrontabSchedule.ParseOptions { IncludingSeconds = withSeconds });
        string[] all = withSeconds ? [.. fields] : ["0", .. fields];
        _fields = [.. all.Select(static (field, kind) => CrontabField.Parse((CrontabFieldKind)kind, field))];
        IsInterval = CronText.IsInterval(all[(int)CrontabFieldKind.Minute]) || CronText.IsInterval(all[(int)CrontabFieldKind.Hour]);
    }

    /// <summary>True where the minutes or the hours have a <c>*</c>, a range or a step: meant as "every so often", not as times of the day.</summary>
    public bool IsInterval { get; }

    /// <summary>The first time after another one; null when there is none.</summary>
    public DateTime? Next(DateTime after)
    {
        var end = after.Year >= DateTime.MaxValue.Year - MostYears ? DateTime.MaxValue : after.AddYears(MostYears);
        return _schedule.GetNextOccurrence(after, end) is var next && next < end ? next : null;
    }

    /// <summary>Whether a time is one of them.</summary>
    public bool Contains(DateTime time) => time.Ticks % TimeSpan.TicksPerSecond == 0
        && Has(CrontabFieldKind.Second, time.Second) && Has(CrontabFieldKind.Minute, time.Minute) && Has(CrontabFieldKind.Hour, time.Hour)
        && Has(CrontabFieldKind.Day, time.Day) && Has(CrontabFieldKind.Month, time.Month) && Has(CrontabFieldKind.DayOfWeek, (int)time.DayOfWeek);

    private bool Has(CrontabFieldKind kind, int value) => _fields[(int)kind].Contains(value);
}
