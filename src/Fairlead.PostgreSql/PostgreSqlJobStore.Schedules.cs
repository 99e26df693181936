using Fairlead.Schedules;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

public sealed partial class PostgreSqlJobStore
{
    /// <inheritdoc />
    public ValueTask<IReadOnlyList<ScheduleRecord>> ListSchedulesAsync(CancellationToken cancellationToken = default) =>
        ReadAsync<IReadOnlyList<ScheduleRecord>>(sql => ScheduleRow.All(sql, clock.Now(sql)).ConvertAll(static row => row.Record), cancellationToken);

    /// <inheritdoc />
    public ValueTask<ScheduleWriteResult> WriteScheduleAsync(ScheduleWrite write, CancellationToken cancellationToken = default) =>
        WriteAsync(session => WriteSchedule(session, write), cancellationToken);

    private static ScheduleWriteResult WriteSchedule(Session session, ScheduleWrite write)
    {
        var row = ScheduleRow.Find(session.Sql, write.Name, session.Now) ?? throw Unknown(session, write.Name);
        if (row.Record.Revision != write.Revision)
        {
            return new(ScheduleWriteOutcome.Conflict, row.Record, null, session.Time);
        }
        if (write.Start?.NotBefore > session.Time)
        {
            return new(ScheduleWriteOutcome.Early, row.Record, null, session.Time);
        }
        var round = write.Start is { } start ? session.AddJob(start.Job, strict: true) : (EnqueuedJob?)null;
        var state = round is { } answer ? ScheduleRules.WithRound(write.State, write.Start!, answer, session.Time) : write.State;
        var changed = Change(session, row, row.Definition, state);
        return new(ScheduleWriteOutcome.Written, changed, round is { Existing: false } started ? started.Id : null, session.Time);
    }

    private static ScheduleRecord Change(Session session, ScheduleRow row, string definition, ScheduleState state)
    {
        session.Sql["write_schedule"].Add(row.Record.Definition.Name).Add(definition).Add(ScheduleJson.Write(state)).Run();
        session.Signal(StoreSignals.Schedules);
        return row.Record with { State = state, Revision = row.Record.Revision + 1 };
    }

    private static ArgumentException Unknown(Session session, string name)
    {
        var known = ScheduleRow.All(session.Sql, session.Now).ConvertAll(static row => row.Record.Definition.Name);
        return new($"There is no schedule '{name}'; known are: {(known.Count == 0 ? "none" : string.Join(", ", known))}.", nameof(name));
    }

    /// <summary>What is declared is merged into what is kept: what operators said, and the rounds that run, stay.</summary>
    private void Declare(Session session, ScheduleDefinition wanted, long by)
    {
        var text = ScheduleJson.Write(wanted);
        var known = ScheduleRow.Find(session.Sql, wanted.Name, session.Now);
        if (known?.Definition == text)
        {
            return;
        }
        if (known is not null && Live(session, session.Sql["timekeepers"].Add(wanted.Name), by) is { } holder)
        {
            throw new StoreMismatchException(
                $"Schedule '{wanted.Name}' is held by node '{holder}' as {known.Definition}, but this node declares {text}. Stop that node first, or declare the same.");
        }
        var state = ScheduleRules.Declared(wanted, known?.Record, session.Time);
        if (known is not null)
        {
            Change(session, known, text, state);
            return;
        }
        session.Sql["add_schedule"].Add(wanted.Name).Add(text).Add(ScheduleJson.Write(state)).Run();
        session.Signal(StoreSignals.Schedules);
    }
}
