using Fairlead.Policies;
using Fairlead.Schedules;
using Fairlead.Storage;

namespace Fairlead.Sqlite.Tests;

/// <summary>What a process does that races for the rounds of a schedule: it looks and writes without a pause, until there is no next time or it is ended.</summary>
internal static class RacingTickers
{
    public const int Rounds = 400;

    /// <summary>All its times are past at once, and each is made up for.</summary>
    public static ScheduleDefinition Schedule { get; } = new()
    {
        Name = "race", When = new FixedRate(TimeSpan.FromMilliseconds(1)), Round = TempStore.Job(), Overlap = ScheduleOverlap.Allow,
    };

    public static async Task PlayAsync(SqliteJobStore store)
    {
        Console.WriteLine("ready");
        while (true)
        {
            var record = (await store.ListSchedulesAsync()).Single();
            if (record.State.Started >= Rounds)
            {
                break;
            }
            if (ScheduleRules.Next(record.Definition, record.State, TimeProvider.System.GetUtcNow()) is { } step)
            {
                await store.WriteScheduleAsync(new() { Name = record.Definition.Name, Revision = record.Revision, State = step.State, Start = step.Start });
            }
        }
        Console.WriteLine("done");
    }
}
