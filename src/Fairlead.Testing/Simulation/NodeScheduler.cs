namespace Fairlead.Testing.Simulation;

/// <summary>
/// Where one simulated node's code runs: passes everything on to the one scheduler of virtual time, until the node is frozen (its work
/// waits, like that of a stopped process) or has crashed (its work is gone, and nobody is told).
/// </summary>
internal sealed class NodeScheduler(TaskScheduler below) : TaskScheduler
{
    private readonly Queue<Task> _frozen = new();
    private readonly TaskFactory _below = new(CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskContinuationOptions.None, below);
    private bool _isFrozen;
    private bool _hasCrashed;

    public override int MaximumConcurrencyLevel => 1;

    public void Freeze() => _isFrozen = true;

    public void Thaw()
    {
        _isFrozen = false;
        while (_frozen.TryDequeue(out var task))
        {
            Pass(task);
        }
    }

    public void Crash()
    {
        _hasCrashed = true;
        _frozen.Clear();
    }

    protected override void QueueTask(Task task)
    {
        if (!_hasCrashed)
        {
            Pass(task);
        }
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks() => _frozen;

    private void Pass(Task task) => _ = _below.StartNew(Run, task);

    /// <summary>Asked again when its turn comes: the node may have been frozen or have crashed since.</summary>
    private void Run(object? task)
    {
        if (_isFrozen)
        {
            _frozen.Enqueue((Task)task!);
        }
        else if (!_hasCrashed)
        {
            TryExecuteTask((Task)task!);
        }
    }
}
