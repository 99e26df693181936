using Fairlead.Schedules;
using Fairlead.Storage.InMemory;

namespace Fairlead.Storage;

public sealed partial class InMemoryJobStore
{
    private readonly SortedDictionary<string, ScheduleRow> _schedules = new(StringComparer.Ordinal);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<ScheduleRecord>> ListSchedulesAsync(CancellationToken cancellationToken = default) =>
        CommitAsync<IReadOnlyList<ScheduleRecord>>(now => [.. _schedules.Values.Select(row => ToRecord(row, now))], cancellationToken);

    /// <inheritdoc />
    public ValueTask<ScheduleWriteResult> WriteScheduleAsync(ScheduleWrite write, CancellationToken cancellationToken = default) =>
        CommitAsync(now => WriteSchedule(write, now), cancellationToken);

    private ScheduleRecord ToRecord(ScheduleRow row, DateTimeOffset now) =>
        new(row.Definition, row.State, row.Revision, _nodes.Values.Any(node => node.HoldsLease(now) && node.Declares(row.Definition.Name)));

    private ScheduleWriteResult WriteSchedule(ScheduleWrite write, DateTimeOffset now)
    {
        if (!_schedules.TryGetValue(write.Name, out var row))
        {
            throw new ArgumentException($"There is no schedule '{write.Name}'; known are: {(_schedules.Count == 0 ? "none" : string.Join(", ", _schedules.Keys))}.", nameof(write));
        }
        if (row.Revision != write.Revision)
        {
            return new(ScheduleWriteOutcome.Conflict, ToRecord(row, now), null, now);
        }
        if (write.Start?.NotBefore > now)
        {
            return new(ScheduleWriteOutcome.Early, ToRecord(row, now), null, now);
        }
        var round = write.Start is { } start ? Enqueue([start.Job], now)[0] : (EnqueuedJob?)null;
        Change(row, round is { } answer ? ScheduleRules.WithRound(write.State, write.Start!, answer, now) : write.State);
        return new(ScheduleWriteOutcome.Written, ToRecord(row, now), round is { Existing: false } started ? started.Id : null, now);
    }

    private void RequireAgreement(ScheduleDefinition wanted, NodeRow? itself, DateTimeOffset now)
    {
        var text = ScheduleJson.Write(wanted);
        if (!_schedules.TryGetValue(wanted.Name, out var known) || known.Text == text)
        {
            return;
        }
        foreach (var node in _nodes.Values)
        {
            if (node != itself && node.HoldsLease(now) && node.Declares(wanted.Name))
            {
                throw new StoreMismatchException(
                    $"Schedule '{wanted.Name}' is held by node '{node.Registration.Name}' as {known.Text}, but this node declares {text}. Stop that node first, or declare the same.");
            }
        }
    }

    /// <summary>What is declared is merged into what is kept: what operators said, and the rounds that run, stay.</summary>
    private void Declare(IReadOnlyList<ScheduleDefinition> schedules, DateTimeOffset now)
    {
        foreach (var schedule in schedules)
        {
            var text = ScheduleJson.Write(schedule);
            // Read back: the caller may use its buffers again.
            var definition = ScheduleJson.ReadDefinition(text);
            if (!_schedules.TryGetValue(schedule.Name, out var row))
            {
                _schedules.Add(schedule.Name, new(definition, text, ScheduleRules.Declared(definition, null, now)));
                Signal(StoreSignals.Schedules);
            }
            else if (row.Text != text)
            {
                var state = ScheduleRules.Declared(definition, ToRecord(row, now), now);
                (row.Definition, row.Text) = (definition, text);
                Change(row, state);
            }
        }
    }

    private void Change(ScheduleRow row, ScheduleState state)
    {
        row.State = state;
        row.Revision++;
        Signal(StoreSignals.Schedules);
    }
}
