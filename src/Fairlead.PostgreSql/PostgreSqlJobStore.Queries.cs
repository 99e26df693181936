using Fairlead.Diagnostics;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

public sealed partial class PostgreSqlJobStore
{
    /// <inheritdoc />
    public ValueTask<Job?> GetJobAsync(JobId id, CancellationToken cancellationToken = default) =>
        ReadAsync(sql => new JobReader(sql, names, clock.Now(sql)).Read(id.Value), cancellationToken);

    /// <inheritdoc />
    public ValueTask<JobId?> FindBatchAsync(string name, CancellationToken cancellationToken = default) =>
        ReadAsync<JobId?>(sql => sql["find_batch"].Add(name).Number() is { } id ? new JobId(id) : null, cancellationToken);

    /// <inheritdoc />
    public ValueTask<JobPage> ListJobsAsync(JobQuery query, CancellationToken cancellationToken = default) =>
        ReadAsync(sql => new JobLister(sql, names, query, clock.Now(sql)).Page(), cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<QueueInfo>> ListQueuesAsync(CancellationToken cancellationToken = default) =>
        ReadAsync(ListQueues, cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<NodeInfo>> ListNodesAsync(CancellationToken cancellationToken = default) =>
        ReadAsync<IReadOnlyList<NodeInfo>>(sql => NodeReader.Read(sql, null, clock.Now(sql) - Moment.Of(NodesKept)), cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<NodePool>> ListPoolsAsync(CancellationToken cancellationToken = default) =>
        ReadAsync<IReadOnlyList<NodePool>>(PoolReader.Read, cancellationToken);

    /// <inheritdoc />
    public ValueTask<LogPage> ReadLogAsync(JobId job, long after = 0, int limit = 1000, string? contains = null, CancellationToken cancellationToken = default) =>
        ReadAsync(sql => ReadLog(sql, job.Value, after, limit, contains), cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<JobTimeline>> GetTimelinesAsync(JobId job, CancellationToken cancellationToken = default) =>
        ReadAsync<IReadOnlyList<JobTimeline>>(
            sql => sql["batch_size"].Add(job.Value).Number() is { } size
                ? new TimelineReader(sql, names).Read(job.Value + 1, job.Value + size)
                : new TimelineReader(sql, names).Read(job.Value, job.Value),
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<BlockInterval>> GetBlocksAsync(string queue, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken = default) =>
        ReadAsync<IReadOnlyList<BlockInterval>>(sql => GetBlocks(sql, queue, from, to), cancellationToken);

    /// <inheritdoc />
    public ValueTask<StoreCounters> GetCountersAsync(CancellationToken cancellationToken = default) =>
        ReadAsync(sql => new StoreCounters(Counter(sql, "stale_refused"), Counter(sql, "nodes_lost"), Counter(sql, "abandoned")), cancellationToken);

    // Up to here, sorting the lines of a batch by the index costs less than passing all lines written since it began.
    private const int SmallBatch = 2000;

    private static long Counter(Statements sql, string name) => sql["counter"].Add(name).Number() ?? 0;

    /// <summary>Reads. What callers' transactions have brought and nobody has taken in yet is taken in first: it has been committed, and so it is seen.</summary>
    private async ValueTask<T> ReadAsync<T>(Func<Statements, T> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var (answer, waiting) = Read(sql => sql["any_arrival"].Add(arrivals.Value).Any() ? (default(T), true) : (work(sql), false));
        if (!waiting)
        {
            return answer!;
        }
        await WriteAsync(static _ => { }, cancellationToken);
        return Read(work);
    }

    private static IReadOnlyList<QueueInfo> ListQueues(Statements sql)
    {
        var queues = new List<(long Id, QueueInfo Info)>();
        var row = sql["queues"];
        while (row.Step())
        {
            var terms = QueueTerms.Of(row.MaybeText(2), row.MaybeText(5));
            queues.Add((row.Long(0), new()
            {
                Name = row.Text(1),
                Definition = terms.Declared,
                Change = terms.Change,
                Paused = row.Long(3) != 0,
                Abandoned = row.Int(4),
                Jobs = default,
            }));
        }
        return queues.ConvertAll(q => q.Info with { Jobs = Tallies.Read(sql, -q.Id), OldestQueuedAt = Moment.From(OldestReady(sql, q.Id)) });
    }

    // Ready jobs are ordered by id, and ids grow with time: only retries stand out of order. The first thousand of each priority hold
    // the oldest but for a queue in which a thousand older jobs became ready again later than a younger one did.
    private static long? OldestReady(Statements sql, long queue)
    {
        var oldest = sql["oldest_solo"].Add(queue).Number();
        foreach (var kind in Numbers(sql["lines"].Add(queue)))
        {
            var from = long.MinValue;
            while (sql["next_priority"].Add(queue).Add(kind).Add(from).Number() is { } priority)
            {
                from = priority;
                var since = sql["oldest_of_first"].Add(queue).Add(kind).Add(priority).Number();
                oldest = oldest is null || since < oldest ? since : oldest;
            }
        }
        var inGroups = sql["oldest_in_groups"].Add(queue).Number();
        return oldest is null || inGroups < oldest ? inGroups ?? oldest : oldest;
    }

    private static LogPage ReadLog(Statements sql, long job, long after, int limit, string? contains)
    {
        // Lines that do not hold the text are passed over without being read, and do not count to the limit.
        var rows = contains is null ? limit : (long?)null;
        var size = sql["batch_size"].Add(job).Number();
        var row = size is { } items
            ? sql[items <= SmallBatch ? "log_of_small_batch" : "log_of_batch"].Add(job + 1).Add(job + items).Add(after).Add(rows).Add(contains)
            : sql["log_of_job"].Add(job).Add(after).Add(rows).Add(contains);
        var lines = new List<JobLogLine>();
        while (lines.Count < limit && row.Step())
        {
            after = row.Long(0);
            if (row.Long(6) != 0)
            {
                lines.Add(new(new(new(row.Long(1)), row.Long(2)), row.Time(3), (Microsoft.Extensions.Logging.LogLevel)row.Int(4), row.Text(5)));
            }
        }
        return new(lines, after);
    }

    private static List<BlockInterval> GetBlocks(Statements sql, string name, DateTimeOffset from, DateTimeOffset to)
    {
        var blocks = new List<BlockInterval>();
        if (sql["find_queue"].Add(name).Number() is not { } queue)
        {
            return blocks;
        }
        var row = sql["blocks"].Add(queue).Add(Moment.Of(from)).Add(Moment.Of(to));
        while (row.Step())
        {
            blocks.Add(new((WaitCause)row.Int(0), row.Text(1), row.Time(2), row.MaybeTime(3)));
        }
        return blocks;
    }
}
