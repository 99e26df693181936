using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>What new jobs will ask is asked for all of them together: a list costs as many round trips as one job.</summary>
internal sealed partial class Session
{
    // Of the operation: who holds a key (0: nobody), and how awaited jobs stand.
    private readonly Dictionary<(long Queue, string Key), long> foreseenHolders = [];
    private readonly Dictionary<long, (bool Exists, JobStatus? Status)> foreseenStates = [];

    /// <summary>Stripes of keys that this transaction has.</summary>
    private readonly HashSet<long> stripes = [];

    /// <summary>Since which transaction arrivals count.</summary>
    public long Horizon { get; init; }

    /// <summary>Asks whatever adding these jobs will need. <paramref name="most" />: how many of them may be in play at once.</summary>
    public void Foresee(IReadOnlyCollection<NewJob> jobs, long most = long.MaxValue)
    {
        ForeseeFacts([.. jobs.Select(job => Queue(job.Queue)).Distinct()]);
        if (given == 0)
        {
            ForeseeHolders(jobs);
        }
        ForeseeStates([.. jobs.SelectMany(static job => job.After).Select(static awaited => awaited.Value).Distinct()]);
        ReadGroups(Missing(jobs.Select(GroupKeyOf)));
        MakeGroups([.. Missing(SurelyReady(jobs, most).Select(GroupKeyOf))]);
    }

    /// <summary>
    /// The jobs of which it is known before they are added that they will be ready, as long as it is known of all before them: groups are made in the order in which
    /// they get work, as equal ones go in the order in which they were made.
    /// </summary>
    private static IEnumerable<NewJob> SurelyReady(IEnumerable<NewJob> jobs, long most) =>
        jobs.Where(static job => job.Delay <= TimeSpan.Zero).TakeWhile((job, number) => job.After.Count == 0 && number < most);

    private (long Queue, string? Name) GroupKeyOf(NewJob job) => (Queue(job.Queue), Keyed(job, Queue(job.Queue)).Group);

    /// <summary>What was foreseen may not be so any more: a job has ended meanwhile.</summary>
    public void ForgetForeseen()
    {
        foreseenHolders.Clear();
        foreseenStates.Clear();
    }

    /// <summary>The job that holds a key; null when it is free.</summary>
    public long? HolderOf(long queue, string key)
    {
        if (!foreseenHolders.TryGetValue((queue, key), out var holder))
        {
            LookUp([(queue, key)]);
            holder = foreseenHolders[(queue, key)];
        }
        return holder == 0 ? null : holder;
    }

    /// <summary>A job has a key again; it was looked at who holds it.</summary>
    public void TakeKey(long queue, string key, long job)
    {
        statements.Later("take_keys").Add(queue).Add(key).Add(job).End();
        foreseenHolders[(queue, key)] = job;
    }

    /// <summary>
    /// Takes a key's stripe. Whoever has decided something about the key in a transaction of its own is through then, and what it wrote is taken in.
    /// </summary>
    /// <returns>True when something came in meanwhile.</returns>
    public bool HoldStripe(long stripe)
    {
        if (stripes.Contains(stripe))
        {
            return false;
        }
        return Hold([stripe], statements["try_stripes"].Add(statements.Schema).Add([stripe]).Ahead(), statements["any_arrival"].Add(Horizon).Ahead());
    }

    private void ForeseeFacts(List<long> queues)
    {
        queues.RemoveAll(facts.ContainsKey);
        if (queues.Count == 0 && nextJob > 0)
        {
            return;
        }
        var rows = statements["queue_facts"].Add([.. queues]).Ahead();
        var next = nextJob == 0 ? statements["counter"].Add("next_job").Ahead() : null;
        LearnFacts(rows);
        if (next is not null)
        {
            nextJob = reservedFrom = next.Number() ?? throw new StoreMismatchException("The store's counters are missing.");
        }
    }

    private void ForeseeHolders(IEnumerable<NewJob> jobs)
    {
        var keys = new List<(long Queue, string Key)>();
        foreach (var job in jobs)
        {
            var queue = Queue(job.Queue);
            if (NewJobRules.UniqueKeyOf(job, Facts(queue).Definition) is { } key && !foreseenHolders.ContainsKey((queue, key)))
            {
                keys.Add((queue, key));
            }
        }
        LookUp([.. keys.Distinct()]);
    }

    /// <summary>Reads who holds keys, behind their stripes: who takes one of them in a transaction of its own has it taken by then, or comes after us.</summary>
    private void LookUp((long Queue, string Key)[] keys)
    {
        if (keys.Length == 0)
        {
            return;
        }
        long[] needed = [.. keys.Select(key => KeyStripe.OfUnique(QueueName(key.Queue), key.Key)).Distinct().Where(stripe => !stripes.Contains(stripe)).Order()];
        if (needed.Length == 0)
        {
            ReadHolders(keys, AskHolders(keys));
            return;
        }
        // One round trip, but three statements: what follows the locks must see what was committed before they were ours.
        var busy = statements["try_stripes"].Add(statements.Schema).Add(needed).Ahead();
        var arrivals = statements["any_arrival"].Add(Horizon).Ahead();
        var holders = AskHolders(keys).Ahead();
        ReadHolders(keys, Hold(needed, busy, arrivals) ? AskHolders(keys) : holders);
    }

    private Statement AskHolders((long Queue, string Key)[] keys) =>
        statements["holders_of_keys"].Add(Array.ConvertAll(keys, static key => key.Queue)).Add(Array.ConvertAll(keys, static string? (key) => key.Key));

    private void ReadHolders((long Queue, string Key)[] keys, Statement row)
    {
        foreach (var key in keys)
        {
            foreseenHolders[key] = 0;
        }
        while (row.Step())
        {
            foreseenHolders[keys[row.Int(0) - 1]] = row.Long(1);
        }
    }

    /// <returns>True when something came in meanwhile.</returns>
    private bool Hold(long[] needed, Statement busy, Statement arrivals)
    {
        if (busy.Any())
        {
            throw new StripeBusyException([.. Ids(busy).Prepend(busy.Long(0))]);
        }
        stripes.UnionWith(needed);
        return arrivals.Any() && TakeIn();
    }

    private void ForeseeStates(List<long> awaited)
    {
        awaited.RemoveAll(foreseenStates.ContainsKey);
        if (awaited.Count == 0)
        {
            return;
        }
        awaited.ForEach(job => foreseenStates[job] = default);
        var row = statements["states_for_dependents"].Add([.. awaited]);
        while (row.Step())
        {
            foreseenStates[row.Long(0)] = (true, (JobStatus?)row.MaybeLong(1));
        }
    }

    /// <summary>Whether a job exists, and how it has ended if it has.</summary>
    private (bool Exists, JobStatus? Status) StateOf(long job)
    {
        if (!foreseenStates.ContainsKey(job))
        {
            ForeseeStates([job]);
        }
        return foreseenStates[job];
    }

    /// <summary>Reads groups by their names, and makes those that are missing.</summary>
    private void ForeseeGroups(IEnumerable<(long Queue, string? Name)> wanted)
    {
        (long, string?)[] keys = [.. wanted];
        ReadGroups(Missing(keys));
        MakeGroups([.. Missing(keys)]);
    }

    private IEnumerable<(long Queue, string Name)> Missing(IEnumerable<(long Queue, string? Name)> wanted) =>
        wanted.Where(static key => key.Name is not null).Select(static key => (key.Queue, Name: key.Name!)).Distinct().Where(key => !groups.ContainsKey(key));

    private void ReadGroups(IEnumerable<(long Queue, string Name)> keys)
    {
        foreach (var queue in keys.GroupBy(static key => key.Queue, static key => key.Name).ToList())
        {
            LoadGroups(queue.Key, queue);
        }
    }

    private void MakeGroups((long Queue, string Name)[] keys)
    {
        if (keys.Length == 0)
        {
            return;
        }
        var row = statements["add_groups"].Add(Array.ConvertAll(keys, static key => key.Queue)).Add(Array.ConvertAll(keys, static string? (key) => key.Name))
            .Add(Array.ConvertAll(keys, double? (key) => Facts(key.Queue).FairClock));
        while (row.Step())
        {
            Remember(new GroupEntry(row.Long(0), row.Long(1), row.Text(2)) { State = { Tag = Facts(row.Long(1)).FairClock } });
        }
        foreach (var queue in keys.CountBy(static key => key.Queue))
        {
            statements["count_group"].Add(queue.Key).Add((long)queue.Value).Run();
            Facts(queue.Key).HasGroups = true;
        }
    }
}
