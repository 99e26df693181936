using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>What of a bulk needs the store's turn: a short beginning, in which ids are reserved, and a short end, in which what was copied meanwhile is counted in.</summary>
internal sealed partial class Session
{
    /// <summary>Reserves ids; unused ones are lost.</summary>
    /// <returns>The first of them.</returns>
    public long Reserve(int count) => statements["reserve_jobs"].Add((long)count).Number() ?? throw new StoreMismatchException("The store's counters are missing.");

    /// <summary>Reserves ids, and says what else thinking out those jobs needs. Names that are new are kept, whatever becomes of the jobs.</summary>
    public BulkTerms Reserve(int count, string[] queueNames, JobKind[] kindNames)
    {
        ForeseeFacts([.. queueNames.Select(Queue)]);
        return new(Reserve(count), Now, queueNames.ToDictionary(static name => name, name => (Queue(name), Facts(Queue(name)).Definition), StringComparer.Ordinal), kindNames.ToDictionary(static kind => kind, Kind));
    }

    /// <summary>What nodes declare of queues, where there are such queues.</summary>
    public Dictionary<string, QueueDefinition?> DefinitionsOf(string[] queueNames)
    {
        string[] known = [.. queueNames.Where(name => TryQueue(name, out _))];
        ForeseeFacts([.. known.Select(Queue)]);
        return known.ToDictionary(static name => name, DefinitionOf, StringComparer.Ordinal);
    }

    /// <summary>The numbers of groups, made where they are missing.</summary>
    public List<long> GroupIds((long Queue, string Name)[] keys)
    {
        ForeseeFacts([.. keys.Select(static key => key.Queue).Distinct()]);
        ForeseeGroups(keys.Select(static key => (key.Queue, (string?)key.Name)));
        return [.. keys.Select(key => groups[key].Id)];
    }

    /// <summary>
    /// Whether everything is still as the plan was made: what names a job's keys was not declared anew, no key was taken or let go, and no group was forgotten (one that has
    /// nothing to remember may be, and comes again under another number). If not, the bulk is given up and thought out anew.
    /// </summary>
    /// <exception cref="ArgumentException">An awaited job was forgotten meanwhile.</exception>
    public bool Agrees(BulkPlan plan)
    {
        ForeseeFacts([.. plan.Terms.Queues.Values.Select(static queue => queue.Id)]);
        LookUp([.. plan.Keys.Select(key => (Queue(key.Queue), key.Key))]);
        ForeseeGroups(plan.Groups.Keys.Select(static key => (key.Queue, (string?)key.Name)));
        return plan.Terms.Queues.Values.All(queue => KeepsKeys(queue.Definition, Facts(queue.Id).Definition))
            && Array.TrueForAll(plan.Keys, key => HolderOf(Queue(key.Queue), key.Key) == (plan.Holders.TryGetValue(key, out var holder) ? holder : null))
            && plan.Groups.All(group => groups[group.Key].Id == group.Value);
    }

    /// <summary>Counts in what was copied.</summary>
    public void CountIn(BulkPlan plan)
    {
        if (plan.Batch is { } batch)
        {
            AddBatchRow(plan.BatchId, batch, plan.Jobs.Length, parent: null);
            statements["set_open"].Add(plan.BatchId).Add(plan.Open).Run();
        }
        foreach (var job in plan.Jobs)
        {
            MeetLine(plan.Terms.Queues[job.Queue].Id, plan.Terms.Kinds[job.Kind]);
        }
        CountInPlaces(plan);
        CountInKeys(plan);
        EndAwaited(plan);
        Signal(StoreSignals.Work);
    }

    private static bool KeepsKeys(QueueDefinition? then, QueueDefinition? now) => (then?.Group, then?.Unique, then?.Deadline) == (now?.Group, now?.Unique, now?.Deadline);

    private void CountInPlaces(BulkPlan plan)
    {
        foreach (var ((queue, status), count) in plan.Counts)
        {
            if (status != JobStatus.Cancelled)
            {
                Count(queue, plan.BatchId, status, count);
            }
        }
        foreach (var ((queue, group, kind), count) in plan.Joined)
        {
            Join(Group(queue, group), kind, count);
        }
    }

    private void CountInKeys(BulkPlan plan)
    {
        for (var job = 0; job < plan.Jobs.Length && plan.Keys.Length > 0; job++)
        {
            if (plan.Jobs[job].UniqueKey is { } key)
            {
                TakeKey(plan.Terms.Queues[plan.Jobs[job].Queue].Id, key, plan.PlaceOf(job).Job);
            }
        }
    }

    /// <summary>Jobs that were awaited and ended meanwhile have not seen who waits for them: their ends are settled here. Those of jobs that had failed before are refused.</summary>
    private void EndAwaited(BulkPlan plan)
    {
        for (var job = 0; job < plan.Jobs.Length && plan.Awaited.Count > 0; job++)
        {
            if (plan.WhereIs(job) == FirstPlace.Refused)
            {
                EndWaiting(plan.PlaceOf(job), JobStatus.Cancelled, plan.RefusalOf(job)!);
            }
        }
        long[] unfinished = [.. plan.Awaited.Where(static awaited => awaited.Value is null).Select(static awaited => awaited.Key)];
        ForeseeStates([.. unfinished]);
        foreach (var awaited in unfinished)
        {
            anyDependency = true;
            var (exists, status) = StateOf(awaited);
            if (!exists)
            {
                throw NoSuchAwaited(new(awaited));
            }
            if (status is { } ended)
            {
                ends.Enqueue((awaited, ended));
            }
        }
    }
}
