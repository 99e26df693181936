using System.Text.Json;
using Fairlead.Engine;
using Fairlead.Simulation;
using Fairlead.Storage;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.Flow;

/// <summary>What a job does: how long it takes, and whether it fails.</summary>
internal sealed record FlowWork(double Seconds, bool Fails = false)
{
    public static readonly JobKind Kind = new("work");

    public NewJob Job(string queue, string? group = null, int priority = 0) =>
        new() { Queue = queue, Kind = Kind, Group = group, Priority = priority, Payload = JsonSerializer.SerializeToUtf8Bytes(this) };
}

/// <summary>One attempt as its worker saw it.</summary>
internal sealed record FlowAttempt(string Queue, string? Group, JobId Job, int Number, DateTimeOffset ClaimedAt, int Node)
{
    public DateTimeOffset? EndedAt { get; set; }

    public double Seconds => (EndedAt!.Value - ClaimedAt).TotalSeconds;
}

/// <summary>Whole nodes on the in-memory store in virtual time, whose work takes as long as it says; everything that is claimed is kept.</summary>
internal sealed class FlowCluster
{
    private readonly List<Node> _nodes = [];
    private readonly Dictionary<AttemptKey, FlowAttempt> _running = [];
    private readonly ClaimBook _book;

    public FlowCluster()
    {
        Memory = new(Time);
        _book = new(this);
    }

    public VirtualTime Time { get; } = new();

    public InMemoryJobStore Memory { get; }

    /// <summary>Every attempt, in the order of their claims.</summary>
    public List<FlowAttempt> Attempts { get; } = [];

    /// <summary>How often nodes have claimed.</summary>
    public int Claims { get; private set; }

    /// <summary>How many jobs the nodes hold.</summary>
    public int InHand => _nodes.Sum(static node => node.InHand);

    /// <summary>Called at every claim of an attempt, and at every end of one's work.</summary>
    public Action<FlowAttempt>? Claimed { get; set; }

    /// <inheritdoc cref="Claimed" />
    public Action<FlowAttempt>? Ended { get; set; }

    /// <summary>Called when the store may have forgotten groups, with those that it knows.</summary>
    public Action<IReadOnlySet<string>>? Pruned { get; set; }

    public IEnumerable<FlowAttempt> Done => Attempts.Where(static attempt => attempt.EndedAt is not null);

    /// <summary>Starts nodes that serve these queues in this order.</summary>
    public FlowCluster Start(int nodes, int slots, IReadOnlyList<QueueDefinition> queues, params NamedLimit[] limits)
    {
        for (var i = 0; i < nodes; i++)
        {
            var number = _nodes.Count;
            var node = new Node(
                _book,
                new()
                {
                    Name = $"node {number}", Slots = slots, Queues = [.. queues.Select(static queue => new ServedQueue(queue, [FlowWork.Kind]))], Limits = limits,
                    Worker = new TimedWorker(this), Time = Time, Random = new Random(number), Loops = Time.Scheduler, Work = Time.Scheduler,
                },
                NullLoggerFactory.Instance);
            _nodes.Add(node);
            Time.Run(() => node.StartAsync(CancellationToken.None));
        }
        return this;
    }

    public void Enqueue(IEnumerable<NewJob> jobs) => Time.Run(async () => await Memory.EnqueueAsync([.. jobs]));

    public void Enqueue(int count, FlowWork work, string queue, string? group = null) => Enqueue(Enumerable.Repeat(work.Job(queue, group), count));

    public void Crash(int node)
    {
        _nodes[node].Crash();
        Memory.Kill(_nodes[node].Id!.Value);
    }

    private void NoteClaims(ClaimResult result, int node)
    {
        Claims++;
        foreach (var job in result.Jobs)
        {
            var attempt = new FlowAttempt(job.Queue, job.Group, job.Key.Job, job.Attempt, result.Now, node);
            Attempts.Add(attempt);
            _running[job.Key] = attempt;
            Claimed?.Invoke(attempt);
        }
    }

    private void NoteEnd(AttemptKey key)
    {
        var attempt = _running[key];
        attempt.EndedAt = Time.Now;
        Ended?.Invoke(attempt);
    }

    private sealed class ClaimBook(FlowCluster cluster) : DelegatingJobStore(cluster.Memory)
    {
        public override async ValueTask<ClaimResult> ClaimAsync(ClaimRequest request, CancellationToken cancellationToken = default)
        {
            var result = await base.ClaimAsync(request, cancellationToken);
            cluster.NoteClaims(result, cluster._nodes.FindIndex(node => node.Id == request.Node));
            return result;
        }

        public override async ValueTask<int> PruneAsync(Retention retention, int limit = 1000, CancellationToken cancellationToken = default)
        {
            var pruned = await base.PruneAsync(retention, limit, cancellationToken);
            if (cluster.Pruned is { } hear)
            {
                hear((await base.ListGroupsAsync("q", 1000, cancellationToken)).Select(static group => group.Group!).ToHashSet());
            }
            return pruned;
        }
    }

    private sealed class TimedWorker(FlowCluster cluster) : IWorker
    {
        public bool EndsWork => false;

        public async Task<WorkResult> RunAsync(Attempt attempt, CancellationToken cancellationToken)
        {
            var work = JsonSerializer.Deserialize<FlowWork>(attempt.Job.Payload.Span)!;
            try
            {
                await Task.Delay(TimeSpan.FromSeconds(work.Seconds), cluster.Time, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return new WorkResult.Stopped();
            }
            cluster.NoteEnd(attempt.Job.Key);
            return work.Fails ? new WorkResult.Failed("as planned") : new WorkResult.Completed(default);
        }
    }
}
