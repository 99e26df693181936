using Fairlead.Storage;
using Npgsql;

namespace Fairlead.PostgreSql;

// Many jobs at once, without holding up anybody: their ids are reserved in a short transaction; then their rows are copied on a connection of their own, in a transaction
// without the store's turn; only its end takes the turn, looks whether everything is still as it was thought out, counts the jobs in and commits. Killed at any moment, nothing
// is left of it but unused ids (and names and idle groups, which count for nothing).
public sealed partial class PostgreSqlJobStore
{
    private const int GroupsPerTurn = 1000;

    // How often a bulk is thought out anew because something changed meanwhile, before it is written under the turn as a whole.
    private const int BulkTries = 3;

    /// <summary>For tests: called when all rows are copied, before the turn is taken.</summary>
    internal Func<ValueTask>? WhenCopied { get; set; }

    private async ValueTask<IReadOnlyList<EnqueuedJob>> EnqueueInBulkAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < BulkTries; tries++)
        {
            var draft = await DraftAsync(jobs, jobs.Count, cancellationToken);
            var answers = Answer(draft, out var added);
            if (added.Length == 0 || await TryWriteAsync(await PlanAsync(draft, added, null, cancellationToken), cancellationToken))
            {
                return answers;
            }
        }
        return await AddAsync(jobs, cancellationToken);
    }

    private async ValueTask<JobId> EnqueueInBulkAsync(NewBatch batch, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < BulkTries; tries++)
        {
            var draft = await DraftAsync(batch.Items, batch.Items.Count + 1, cancellationToken);
            var keyed = batch with { Items = draft.Jobs };
            var problem = Session.Sieve(keyed, static item => item.UniqueKey, (item, key) => draft.Holders.TryGetValue((item.Queue, key), out var holder) ? holder : null, out var leftOut);
            if (problem is not null)
            {
                throw new ArgumentException(problem, nameof(batch));
            }
            Session.RequireAny(batch, leftOut);
            NewJob[] added = leftOut.Count == 0 ? draft.Jobs : [.. draft.Jobs.Where((_, item) => !leftOut.Contains(item))];
            if (await TryWriteAsync(await PlanAsync(draft, added, batch, cancellationToken), cancellationToken))
            {
                return new(draft.Terms.First);
            }
        }
        return await AddAsync(batch, cancellationToken);
    }

    /// <summary>Reserves ids, names the jobs' keys, and looks who holds them.</summary>
    private async ValueTask<Draft> DraftAsync(IReadOnlyList<NewJob> jobs, int ids, CancellationToken cancellationToken)
    {
        await RequireAwaitedAsync(null, jobs, cancellationToken);
        string[] queues = [.. jobs.Select(static job => job.Queue).Distinct(StringComparer.Ordinal)];
        JobKind[] kinds = [.. jobs.Select(static job => job.Kind).Distinct()];
        var terms = await WriteAsync(session => session.Reserve(ids, queues, kinds), cancellationToken);
        NewJob[] keyed = [.. jobs.Select(job => NewJobRules.WithKeys(job, terms.Queues[job.Queue].Definition))];
        (string, string)[] keys = [.. keyed.Where(static job => job.UniqueKey is not null).Select(static job => (job.Queue, job.UniqueKey!)).Distinct()];
        return new(terms, keyed, keys, keys.Length == 0 ? [] : await HoldersAsync(keys, cancellationToken));
    }

    private static EnqueuedJob[] Answer(Draft draft, out NewJob[] added)
    {
        var (answers, kept, taken) = (new EnqueuedJob[draft.Jobs.Length], new List<NewJob>(draft.Jobs.Length), new Dictionary<(string, string), long>(draft.Holders));
        for (var i = 0; i < answers.Length; i++)
        {
            var id = draft.Terms.First + kept.Count;
            if (draft.Jobs[i].UniqueKey is { } key && !taken.TryAdd((draft.Jobs[i].Queue, key), id))
            {
                answers[i] = new(new(taken[(draft.Jobs[i].Queue, key)]), Existing: true);
                continue;
            }
            answers[i] = new(new(id), Existing: false);
            kept.Add(draft.Jobs[i]);
        }
        added = [.. kept];
        return answers;
    }

    private async ValueTask<BulkPlan> PlanAsync(Draft draft, NewJob[] jobs, NewBatch? batch, CancellationToken cancellationToken)
    {
        List<JobId> awaited = [.. jobs.SelectMany(static job => job.After).Distinct()];
        var states = awaited.Count == 0 ? [] : await StatesAsync(awaited, cancellationToken);
        if (awaited.Find(job => !states.ContainsKey(job.Value)) is { Value: > 0 } missing)
        {
            throw Session.NoSuchAwaited(missing);
        }
        var plan = BulkPlan.Make(jobs, draft.Terms, batch, draft.Keys, draft.Holders, states);
        await NameGroupsAsync(plan, cancellationToken);
        return plan;
    }

    private async ValueTask NameGroupsAsync(BulkPlan plan, CancellationToken cancellationToken)
    {
        foreach (var some in plan.Joined.Keys.Select(static joined => (joined.Queue, joined.Group)).Distinct().Chunk(GroupsPerTurn))
        {
            var ids = await WriteAsync(session => session.GroupIds(some), cancellationToken);
            for (var i = 0; i < some.Length; i++)
            {
                plan.Groups.Add(some[i], ids[i]);
            }
        }
    }

    /// <returns>False when something that the plan rests on has changed; nothing was written then.</returns>
    private async ValueTask<bool> TryWriteAsync(BulkPlan plan, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = options.Connect();
            await connection.OpenAsync(cancellationToken);
            var sql = new Statements(connection, texts);
            sql.Control("BEGIN");
            sql.Flush();
            new BulkCopy(connection, texts, plan).Run();
            if (WhenCopied is { } seam)
            {
                await seam();
            }
            return await EndAsync(sql, plan, cancellationToken);
        }
        catch (Exception error) when (PostgreSqlFault.Is(error))
        {
            throw PostgreSqlFault.ForUser(error, Description);
        }
    }

    private async ValueTask<bool> EndAsync(Statements sql, BulkPlan plan, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            sql.Control("SAVEPOINT turn");
            try
            {
                return End(sql, plan);
            }
            catch (StripeBusyException busy)
            {
                // Going back gives the turn back, too: whatever is locked behind a savepoint is let go with it.
                sql.Drop();
                sql.Control("ROLLBACK TO turn");
                sql.Flush();
                await stripes.ForAsync(busy.Stripes);
            }
        }
    }

    private bool End(Statements sql, BulkPlan plan)
    {
        sql["take_turn"].Add($"{(long)options.IdleInTransaction.TotalMilliseconds}").Add(texts.Schema).Run();
        sql["plan_by_keys"].Run();
        var row = sql["begin"].Add(arrivals.Value);
        row.Step();
        var session = new Session(sql, names, definitions, clock.Time(row.Time(0))) { Horizon = arrivals.Value };
        session.BeginOperation();
        if (row.Long(1) != 0)
        {
            session.TakeIn();
        }
        if (!session.Agrees(plan))
        {
            return false;
        }
        session.CountIn(plan);
        session.EndOperation();
        sql["tell"].Add(Signals.Channel(texts.Schema)).Add($"{(int)session.Signals}").Run();
        sql.Control("COMMIT");
        sql.Flush();
        session.Publish();
        signals.Committed(session.Signals);
        return true;
    }

    /// <summary>Jobs with their ids reserved and their keys named.</summary>
    private sealed record Draft(BulkTerms Terms, NewJob[] Jobs, (string Queue, string Key)[] Keys, Dictionary<(string Queue, string Key), long> Holders);
}
