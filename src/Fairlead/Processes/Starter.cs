namespace Fairlead.Processes;

/// <summary>
/// The thread that starts processes. A thread of its own for two reasons: the loop goes on while <c>exec</c> is under way, and
/// programs are the children of the thread that started them, so that the loop's thread, which has no children but the
/// orphans handed to this process, can ask the kernel in one call whether any of those are left (see <see cref="Orphans" />).
/// </summary>
internal sealed unsafe class Starter
{
    private readonly Lock _gate = new();
    private readonly Queue<Ward> _waiting = new();
    private readonly Queue<Ward> _started = new();
    private readonly CgroupYard? _yard;
    private readonly bool _marks;
    private readonly (int Read, int Write) _orders = Libc.Pipe();
    private readonly (int Read, int Write) _results = Libc.Pipe();

    internal Starter(CgroupYard? yard, bool marks)
    {
        _yard = yard;
        _marks = marks;
        Libc.SetNonBlocking(_results.Read);
        new Thread(Run, 256 * 1024) { IsBackground = true, Name = "starter" }.Start();
    }

    /// <summary>Readable when <see cref="TryTake" /> has something.</summary>
    internal int ResultsFd => _results.Read;

    internal void Start(Ward ward)
    {
        lock (_gate)
        {
            _waiting.Enqueue(ward);
        }
        CgroupPen.Say(_orders.Write, 0);
    }

    /// <summary>The next one that was started, or could not be.</summary>
    internal bool TryTake(out Ward? ward)
    {
        lock (_gate)
        {
            return _started.TryDequeue(out ward);
        }
    }

    /// <summary>Forgets the signals that made <see cref="ResultsFd" /> readable; call it before <see cref="TryTake" />.</summary>
    internal void Hear()
    {
        var buffer = stackalloc byte[256];
        while (Libc.ReadAgain(_results.Read, buffer, 256) == 256)
        {
        }
    }

    private void Run()
    {
        byte order;
        while (Libc.ReadAgain(_orders.Read, &order, 1) == 1)
        {
            Ward ward;
            lock (_gate)
            {
                ward = _waiting.Dequeue();
            }
            StartOne(ward);
            lock (_gate)
            {
                _started.Enqueue(ward);
            }
            CgroupPen.Say(_results.Write, 0);
        }
    }

    private void StartOne(Ward ward)
    {
        var plan = ward.Plan!;
        if (_marks)
        {
            ward.Mark.Apply();
        }
        var inside = ward.Pen is { } pen && _yard!.StepIn(pen);
        ward.StartError = Spawn.Start(plan, out var pid);
        if (ward.Pen is not null && !(inside && _yard!.StepOut()))
        {
            ward.Pen = null;
        }
        ward.PidFd = pid == 0 ? -1 : Libc.OpenPidFd(pid);
        ward.Pid = pid;
        plan.CloseDescriptors();
    }
}
