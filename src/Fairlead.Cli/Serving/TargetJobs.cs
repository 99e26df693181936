using Fairlead.Cli.Configuration;
using Fairlead.Schedules;
using Fairlead.Storage;

namespace Fairlead.Cli.Serving;

/// <summary>The jobs of one target of a cycle: one in each of its queues, in order.</summary>
/// <param name="schedule">The schedule.</param>
/// <param name="queues">The queues that the file declares.</param>
internal sealed class TargetJobs(ScheduleConfiguration schedule, IReadOnlyList<QueueDefinition> queues)
{
    private readonly CycleDefinition _cycle = schedule.Definition.Cycle!;
    private readonly Dictionary<string, QueueDefinition> _queues = queues.ToDictionary(static queue => queue.Name, StringComparer.Ordinal);

    /// <exception cref="ArgumentException">The target lists no queues, or one that is not declared: another attempt cannot help.</exception>
    public IReadOnlyList<NewJob> Of(CycleTarget target)
    {
        // A round without targets brings the payload itself.
        var payload = schedule.Targets is null ? target.Json : TargetPayload.Of(schedule.Payload, target.Json);
        return [.. QueuesOf(target).Select(queue => Job(Declared(queue, target), payload, target.Key))];
    }

    private IReadOnlyList<string> QueuesOf(CycleTarget target) => _cycle.QueuesFrom is not { } pointer ? _cycle.Queues
        : JsonPointer.Texts(target.Json, pointer) is { } named ? [.. named.Distinct(StringComparer.Ordinal)]
        : throw new ArgumentException($"Target {target.Key} expects a list of queues at {pointer}, such as [\"{_queues.Keys.FirstOrDefault()}\"]; there is none.");

    private QueueDefinition Declared(string queue, CycleTarget target) => _queues.GetValueOrDefault(queue)
        ?? throw new ArgumentException($"Target {target.Key}: {NearestName.Unknown("queue", queue, _queues.Keys, "They stand under queues: in fairlead.yaml.")}");

    private NewJob Job(QueueDefinition queue, ReadOnlyMemory<byte> payload, string key) => new()
    {
        Queue = queue.Name,
        Kind = new JobKind(queue.Name),
        Payload = payload,
        // A queue that says where its group stands finds it itself.
        Group = queue.Group is null && key.Length > 0 ? key : null,
        Priority = schedule.Definition.Round.Priority,
        Timeout = schedule.Timeout,
    };
}
