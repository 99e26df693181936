using Fairlead.Diagnostics;
using Fairlead.Storage;
using Npgsql;
using NpgsqlTypes;

namespace Fairlead.PostgreSql;

/// <summary>Copies the rows of a bulk. Nobody sees them, and nobody waits for them: their ids are nobody else's.</summary>
internal sealed class BulkCopy(NpgsqlConnection connection, SqlText texts, BulkPlan plan)
{
    /// <summary>Copies all that need no turn: keys are taken at the end, where it is known who holds them.</summary>
    public void Run()
    {
        Copy("copy_jobs", static _ => true, AddJob);
        Copy("copy_ready", static place => place == FirstPlace.Ready, AddReady);
        Copy("copy_grouped", static place => place == FirstPlace.Grouped, AddGrouped);
        Copy("copy_waiting", static place => place is FirstPlace.Scheduled or FirstPlace.Blocked or FirstPlace.Parked, AddWaiting);
        Copy("copy_dependencies", static place => place == FirstPlace.Blocked, AddDependencies);
        Copy("copy_deadlines", static _ => true, AddDeadline);
    }

    private void Copy(string verb, Func<FirstPlace, bool> belongs, Action<NpgsqlBinaryImporter, int> add)
    {
        NpgsqlBinaryImporter? rows = null;
        try
        {
            for (var job = 0; job < plan.Jobs.Length; job++)
            {
                if (belongs(plan.WhereIs(job)))
                {
                    rows ??= connection.BeginBinaryImport(Bare(texts.Of(verb)));
                    add(rows, job);
                }
            }
            rows?.Complete();
        }
        finally
        {
            rows?.Dispose();
        }
    }

    // The driver takes a COPY only at the very beginning, without the comment on what goes in.
    private static string Bare(string text) => text[text.IndexOf("COPY ", StringComparison.Ordinal)..];

    private void AddJob(NpgsqlBinaryImporter rows, int job)
    {
        var row = plan.RowOf(job);
        rows.StartRow();
        Write(rows, row.Place.Job, row.Place.Queue, row.Place.Kind, -row.Place.Priority, row.EnqueuedAt);
        Write(rows, row.Place.MaybeBatch);
        Write(rows, (long)row.Place.Flags);
        Write(rows, row.Deadline);
        Write(rows, row.Place.Group);
        Write(rows, row.UniqueKey);
        Write(rows, row.Extras);
        if (row.Payload.IsEmpty)
        {
            rows.WriteNull();
        }
        else
        {
            rows.Write(row.Payload, NpgsqlDbType.Bytea);
        }
    }

    private void AddReady(NpgsqlBinaryImporter rows, int job)
    {
        var place = plan.PlaceOf(job);
        rows.StartRow();
        Write(rows, place.Queue, place.Kind, place.Priority, place.Job);
        Write(rows, place.MaybeBatch);
        Write(rows, (long)place.Flags, 0, 0, 0, place.Since);
    }

    private void AddGrouped(NpgsqlBinaryImporter rows, int job)
    {
        var place = plan.PlaceOf(job);
        rows.StartRow();
        Write(rows, plan.Groups[(place.Queue, place.Group!)], place.Kind, place.Priority, place.Job);
        Write(rows, place.MaybeBatch);
        Write(rows, (long)place.Flags, 0, 0, 0, place.Since);
    }

    private void AddWaiting(NpgsqlBinaryImporter rows, int job)
    {
        var place = plan.PlaceOf(job);
        var (state, cause) = plan.WhereIs(job) switch
        {
            FirstPlace.Scheduled => (WaitingState.Scheduled, WaitCause.Scheduled),
            FirstPlace.Blocked => (WaitingState.Blocked, WaitCause.Blocked),
            _ => (WaitingState.Parked, WaitCause.Slot),
        };
        rows.StartRow();
        Write(rows, place.Job, (long)state, place.Queue, place.Priority);
        Write(rows, place.MaybeBatch);
        Write(rows, plan.DueOf(job));
        Write(rows, (long)cause, state == WaitingState.Blocked ? plan.BlockersOf(job).Count() : 0, 0, 0, 0, place.Since);
    }

    private void AddDependencies(NpgsqlBinaryImporter rows, int job)
    {
        var place = plan.PlaceOf(job);
        foreach (var awaited in plan.BlockersOf(job))
        {
            rows.StartRow();
            Write(rows, awaited, place.Job);
        }
    }

    private void AddDeadline(NpgsqlBinaryImporter rows, int job)
    {
        if (plan.RowOf(job) is { Deadline: { } at } row)
        {
            rows.StartRow();
            Write(rows, at, row.Place.Job);
        }
    }

    private static void Write(NpgsqlBinaryImporter rows, params ReadOnlySpan<long> values)
    {
        foreach (var value in values)
        {
            rows.Write(value, NpgsqlDbType.Bigint);
        }
    }

    private static void Write(NpgsqlBinaryImporter rows, long? value)
    {
        if (value is { } number)
        {
            rows.Write(number, NpgsqlDbType.Bigint);
        }
        else
        {
            rows.WriteNull();
        }
    }

    private static void Write(NpgsqlBinaryImporter rows, string? text)
    {
        if (text is null)
        {
            rows.WriteNull();
        }
        else
        {
            rows.Write(StoredText.Write(text), NpgsqlDbType.Text);
        }
    }
}
