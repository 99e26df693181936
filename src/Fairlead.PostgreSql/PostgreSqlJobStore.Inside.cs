using System.Data.Common;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

// Inside a caller's transaction nothing is written but what is to come: the rows of queues, groups and counters that jobs need would stay locked until the caller commits,
// and everybody would wait. So ids are reserved and keys looked up by the store's own transactions, and the jobs come in with whatever is written after the commit.
public sealed partial class PostgreSqlJobStore
{
    /// <inheritdoc />
    public ValueTask<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, DbTransaction transaction, CancellationToken cancellationToken = default) =>
        InsideAsync(transaction, inside => EnqueueAsync(inside, jobs, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public ValueTask<JobId> EnqueueBatchAsync(NewBatch batch, DbTransaction transaction, CancellationToken cancellationToken = default)
    {
        RequireItems(batch);
        return InsideAsync(transaction, inside => EnqueueBatchAsync(inside, batch, cancellationToken), cancellationToken);
    }

    private ValueTask<T> InsideAsync<T>(DbTransaction transaction, Func<CallerTransaction, Task<T>> work, CancellationToken cancellationToken)
    {
        _ = Writer;
        return CallerTransaction.DoAsync(transaction, texts, identity, Description, work, cancellationToken);
    }

    private async Task<IReadOnlyList<EnqueuedJob>> EnqueueAsync(CallerTransaction inside, IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken)
    {
        var (first, keyed) = await PrepareAsync(inside, jobs, jobs.Count, cancellationToken);
        var holders = await HoldersAsync(inside, keyed, cancellationToken);
        var (answers, added) = (new EnqueuedJob[jobs.Count], new List<NewJob>());
        for (var i = 0; i < answers.Length; i++)
        {
            var key = (keyed[i].Queue, keyed[i].UniqueKey ?? "");
            if (holders.TryGetValue(key, out var holder) && keyed[i].UniqueKey is not null)
            {
                answers[i] = new(new(holder), Existing: true);
                continue;
            }
            answers[i] = new(new(holders[key] = first + added.Count), Existing: false);
            added.Add(keyed[i]);
        }
        if (added.Count > 0)
        {
            await inside.AddAsync(new() { First = first, Jobs = added }, StoreSignals.Work, cancellationToken);
        }
        return answers;
    }

    private async Task<JobId> EnqueueBatchAsync(CallerTransaction inside, NewBatch batch, CancellationToken cancellationToken)
    {
        var (first, keyed) = await PrepareAsync(inside, batch.Items, batch.Items.Count + 1, cancellationToken);
        var holders = await HoldersAsync(inside, keyed, cancellationToken);
        batch = batch with { Items = keyed };
        var problem = Session.Sieve(batch, static item => item.UniqueKey, (item, key) => holders.TryGetValue((item.Queue, key), out var holder) ? holder : null, out var leftOut);
        if (problem is not null)
        {
            throw new ArgumentException(problem, nameof(batch));
        }
        Session.RequireAny(batch, leftOut);
        batch = batch with { Items = [.. keyed.Where((_, item) => !leftOut.Contains(item))] };
        await inside.AddAsync(new() { First = first, Batch = batch }, StoreSignals.Work, cancellationToken);
        return new(first);
    }

    /// <summary>Reserves ids and looks at what the jobs name.</summary>
    /// <returns>The first id, and the jobs with the keys that their payloads name by now.</returns>
    private async Task<(long First, NewJob[] Keyed)> PrepareAsync(CallerTransaction inside, IReadOnlyList<NewJob> jobs, int ids, CancellationToken cancellationToken)
    {
        foreach (var job in jobs)
        {
            Names.Check(job.Queue, "queue");
            Names.Check(job.Kind.Name, "kind");
        }
        string[] queues = [.. jobs.Select(static job => job.Queue).Distinct(StringComparer.Ordinal)];
        var (first, definitions) = await WriteAsync(session => (session.Reserve(ids), session.DefinitionsOf(queues)), cancellationToken);
        await RequireAwaitedAsync(inside, jobs, cancellationToken);
        return (first, [.. jobs.Select(job => NewJobRules.WithKeys(job, definitions.GetValueOrDefault(job.Queue)))]);
    }

    private async Task RequireAwaitedAsync(CallerTransaction? inside, IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken)
    {
        var awaited = jobs.SelectMany(static job => job.After).Distinct().Where(job => inside?.Own.Any(arrival => arrival.Brings(job.Value)) != true).ToList();
        if (awaited.Count == 0)
        {
            return;
        }
        var states = await StatesAsync(awaited, cancellationToken);
        awaited.RemoveAll(job => states.ContainsKey(job.Value));
        if (awaited.Count > 0)
        {
            throw Session.NoSuchAwaited(awaited[0]);
        }
    }

    /// <summary>Those jobs that exist, and how they have ended, if they have.</summary>
    private ValueTask<Dictionary<long, JobStatus?>> StatesAsync(List<JobId> jobs, CancellationToken cancellationToken) => ReadAsync(
        sql =>
        {
            var states = new Dictionary<long, JobStatus?>();
            var row = sql["states_for_dependents"].Add([.. jobs.Select(static job => job.Value)]);
            while (row.Step())
            {
                states[row.Long(0)] = (JobStatus?)row.MaybeLong(1);
            }
            return states;
        },
        cancellationToken);

    /// <summary>Who holds the jobs' unique keys. From here on nobody else decides about them until the caller's transaction has ended.</summary>
    private async Task<Dictionary<(string Queue, string Key), long>> HoldersAsync(CallerTransaction inside, NewJob[] jobs, CancellationToken cancellationToken)
    {
        (string Queue, string Key)[] keys = [.. jobs.Where(static job => job.UniqueKey is not null).Select(static job => (job.Queue, job.UniqueKey!)).Distinct()];
        if (keys.Length == 0)
        {
            return [];
        }
        await inside.LockAsync([.. keys.Select(static key => KeyStripe.OfUnique(key.Queue, key.Key)).Distinct()], cancellationToken);
        // On a connection of the store's own: the caller's transaction may look at an old snapshot.
        var holders = await HoldersAsync(keys, cancellationToken);
        foreach (var key in keys)
        {
            if (inside.Own.Select(arrival => arrival.HolderOf(key.Queue, key.Key)).FirstOrDefault(static holder => holder is not null) is { } holder)
            {
                holders[key] = holder;
            }
        }
        return holders;
    }

    private ValueTask<Dictionary<(string Queue, string Key), long>> HoldersAsync((string Queue, string Key)[] keys, CancellationToken cancellationToken) => ReadAsync(
        sql =>
        {
            var holders = new Dictionary<(string, string), long>();
            var row = sql["holders_by_name"].Add(Array.ConvertAll(keys, static string? (key) => key.Queue)).Add(Array.ConvertAll(keys, static string? (key) => key.Key));
            while (row.Step())
            {
                holders[keys[row.Int(0) - 1]] = row.Long(1);
            }
            return holders;
        },
        cancellationToken);
}
