using System.Diagnostics;
using Fairlead.PostgreSql;
using Fairlead.Samples.Upstreams;
using Fairlead.Storage;
using Npgsql;

namespace Fairlead.Bench.Cluster;

/// <summary>
/// Four nodes in processes of their own on one durable server, one of them killed with <c>kill -9</c> every two seconds and replaced at once, and the server
/// itself crashed and started again in the middle. What happened is kept for <see cref="ClusterJudge" />.
/// </summary>
internal sealed class ClusterRun : IAsyncDisposable
{
    private static readonly TimeSpan KillEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private readonly PostgreSqlServer _server;
    private readonly UpstreamServer _http;
    private readonly Random _random;
    private readonly List<ClusterMember> _living = [];
    private readonly List<ClusterMember> _all = [];

    private ClusterRun(PostgreSqlServer server, UpstreamServer http, ClusterUpstream upstream, PostgreSqlJobStore store, int seed) =>
        (_server, _http, Upstream, Store, Watch, _random) = (server, http, upstream, store, new StoreWatch(store), new Random(seed));

    public ClusterUpstream Upstream { get; }

    public PostgreSqlJobStore Store { get; }

    /// <summary>Every process that there was.</summary>
    public IReadOnlyList<ClusterMember> Members => _all;

    /// <summary>The batch that was enqueued before all else, and the number of its items.</summary>
    public (JobId Id, int Items) Batch { get; private set; }

    /// <summary>From when to when the server was away, by the machine's clock.</summary>
    public (long From, long To) Away { get; private set; }

    /// <summary>When the store could not be written, or not in time. Silence of a node during that says nothing: it counts from the end.</summary>
    public StoreWatch Watch { get; }

    /// <summary>Times at which the sum of a queue's or batch's states was not its total; must stay zero.</summary>
    public int WrongSums { get; private set; }

    /// <summary>Processes that ended though nobody killed them.</summary>
    public int Deserters { get; private set; }

    public static async Task<ClusterRun> StartAsync(PostgreSqlServer server, int jobs, int seed)
    {
        var upstream = new ClusterUpstream(TimeProvider.System);
        var store = new PostgreSqlJobStore(server.Url());
        await store.OpenAsync();
        var run = new ClusterRun(server, await UpstreamServer.StartAsync(upstream, TimeProvider.System), upstream, store, seed);
        await run.EnqueueBatchAsync(items: jobs / 20);
        for (var i = 0; i < ClusterTerms.Nodes; i++)
        {
            run.Add(i * jobs, jobs / ClusterTerms.Nodes);
        }
        await run.UntilAsync(() => Task.FromResult(run._living.TrueForAll(static member => member.IsAtWork)), "every node runs jobs");
        return run;
    }

    /// <summary>Kills and replaces for as long as is said, and crashes the server in the middle.</summary>
    public async Task StormAsync(TimeSpan length)
    {
        var began = Stopwatch.GetTimestamp();
        using var every = new PeriodicTimer(KillEvery);
        while (await every.WaitForNextTickAsync() && Stopwatch.GetElapsedTime(began) < length)
        {
            await KillOneAsync();
            if (Away == default && Stopwatch.GetElapsedTime(began) > length / 2)
            {
                await CrashServerAsync();
            }
            await LookAtSumsAsync();
        }
    }

    /// <summary>Waits until every job has ended, and lets the nodes leave.</summary>
    public async Task EndAsync()
    {
        await UntilAsync(async () => _living.TrueForAll(static member => member.Done == member.Count) && await AllEndedAsync(), "every job has ended");
        await LookAtSumsAsync();
        foreach (var member in _living)
        {
            await member.LeaveAsync(Patience);
        }
        await Watch.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _all.ForEach(static member => member.Dispose());
        await Watch.DisposeAsync();
        await Store.DisposeAsync();
        await _http.DisposeAsync();
    }

    private async Task UntilAsync(Func<Task<bool>> isSo, string what)
    {
        var began = Stopwatch.GetTimestamp();
        while (!await isSo())
        {
            if (Stopwatch.GetElapsedTime(began) > Patience)
            {
                throw new TimeoutException($"Waited until {what}: {string.Join("; ", (await Store.ListQueuesAsync()).Select(static queue => $"{queue.Name} {queue.Jobs}"))}; {string.Join(" | ", _living.SelectMany(static member => member.Complaints).TakeLast(3))}");
            }
            await Task.Delay(TimeSpan.FromMilliseconds(200));
        }
    }

    private void Add(int first, int count)
    {
        var member = new ClusterMember(_server.Url(), _http.Address, first, count);
        _living.Add(member);
        _all.Add(member);
    }

    private async Task EnqueueBatchAsync(int items)
    {
        var batch = new NewBatch
        {
            Queue = ClusterTerms.Grouped,
            Items = [.. Enumerable.Range(0, items).Select(static n => ClusterTerms.Job(ClusterTerms.Grouped, n + 1_000_000))],
            Finalize = ClusterTerms.Job(ClusterTerms.Report, 0),
        };
        Batch = (await Store.EnqueueBatchAsync(batch), items);
    }

    /// <summary>
    /// One that holds a job which two killed nodes have run is spared: a third would make it poison, and it is chance that kills here, not the job. Looked up
    /// in the store while it stands still, so that it takes none in between.
    /// </summary>
    private async Task KillOneAsync()
    {
        Deserters += _living.Count(static member => member.HasEnded);
        foreach (var victim in _living.OrderBy(_ => _random.Next()).ToList())
        {
            victim.Pause();
            if (await HoldsTwiceLostAsync(victim))
            {
                victim.Resume();
                continue;
            }
            await victim.KillAsync();
            _living.Remove(victim);
            Add(victim.First + victim.Done, victim.Count - victim.Done);
            return;
        }
    }

    private async Task<bool> HoldsTwiceLostAsync(ClusterMember member)
    {
        await using var connection = new NpgsqlConnection(_server.ConnectionString() + ";Pooling=false");
        await connection.OpenAsync();
        await using var question = new NpgsqlCommand("SELECT EXISTS (SELECT 1 FROM fairlead.running r JOIN fairlead.node n ON n.id = r.node WHERE n.name LIKE $1 AND r.lost >= 2)", connection);
        question.Parameters.AddWithValue($"%:{member.ProcessId}");
        return (bool)(await question.ExecuteScalarAsync())!;
    }

    private async Task CrashServerAsync()
    {
        var from = Stopwatch.GetTimestamp();
        _server.Stop("immediate");
        await _server.StartAgainAsync();
        Away = (from, Stopwatch.GetTimestamp());
    }

    private async Task<bool> AllEndedAsync() =>
        (await AskAsync(() => Store.ListQueuesAsync())).All(static queue => queue.Jobs.Ended == queue.Jobs.Total) && (await AskAsync(() => Store.GetJobAsync(Batch.Id)))!.Status.IsEnded();

    private static async Task<T> AskAsync<T>(Func<ValueTask<T>> question)
    {
        while (true)
        {
            try
            {
                return await question();
            }
            catch (StoreUnavailableException)
            {
                // The server was away: its connections have to be made anew.
                await Task.Delay(TimeSpan.FromMilliseconds(100));
            }
        }
    }

    private async Task LookAtSumsAsync()
    {
        var queues = await AskAsync(() => Store.ListQueuesAsync());
        var batch = (await AskAsync(() => Store.GetJobAsync(Batch.Id)))!.BatchState!.Items;
        var tallies = queues.Select(static queue => queue.Jobs).Append(batch);
        WrongSums += tallies.Count(static tally => tally.Queued + tally.Scheduled + tally.Blocked + tally.Processing + tally.Ended != tally.Total) + (batch.Total == Batch.Items ? 0 : 1);
    }
}
