using System.Text.Json;
using System.Text;
using Fairlead.Processes;

namespace Fairlead.Tests.Pools;

/// <summary>Where the programs of one node's pools run in virtual time; by which program the n-th start of a queue is played is for the test to say.</summary>
internal sealed class VirtualHost(VirtualWorld world, Func<string, int, VirtualProgram> program) : IProcessHost
{
    private readonly Dictionary<string, int> _starts = [];
    private readonly List<VirtualProcess> _own = [];

    public IHostedProcess Start(ProcessSpec spec, IProcessOutput output)
    {
        var queue = spec.Environment.First(static variable => variable.Key == "FAIRLEAD_QUEUE").Value;
        var count = _starts[queue] = _starts.GetValueOrDefault(queue) + 1;
        var process = new VirtualProcess(world, queue, program(queue, count), spec, output);
        _own.Add(process);
        process.Begin();
        return process;
    }

    public IReadOnlyDictionary<int, long> MemoryOf(IReadOnlyCollection<int> pids) =>
        _own.Where(process => process.IsAlive && pids.Contains(process.Pid)).ToDictionary(static process => process.Pid, static process => process.Memory);

    /// <summary>The node died: its warden ends everything, and nobody hears of it.</summary>
    public void Crash()
    {
        foreach (var process in _own.Where(static process => process.IsAlive).ToList())
        {
            process.Vanish();
        }
    }
}

/// <summary>One process in virtual time: reads what it is given, works at one job after the other, and dies when it must.</summary>
internal sealed class VirtualProcess(VirtualWorld world, string queue, VirtualProgram program, ProcessSpec spec, IProcessOutput output) : IHostedProcess
{
    private readonly TaskCompletionSource<ProcessExit> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Queue<JsonElement> _jobs = new();
    private readonly List<byte> _unread = [];
    private readonly DateTimeOffset _asked = world.Time.Now;
    private VirtualTask? _working;
    private ITimer? _deadline;
    private EndReason _reason = EndReason.Exited;
    private TimeSpan? _termAfter;
    private bool _inputEnded;
    private bool _hidden;

    public string Queue => queue;

    public int Pid { get; private set; }

    public bool IsAlive { get; private set; } = true;

    public DateTimeOffset StartedAt => _asked;

    public DateTimeOffset? EndedAt { get; private set; }

    public long Memory => program.Memory(Age);

    public Task<ProcessExit> Exit => _exit.Task;

    private TimeSpan Age => world.Time.Now - _asked;

    public void Begin()
    {
        world.Add(this);
        SetDeadline(spec.Timeout, spec.KillAfter);
        _ = LiveAsync();
    }

    public void Stop() => Term(EndReason.Stopped, spec.KillAfter);

    public void SetDeadline(TimeSpan? term, TimeSpan killAfter)
    {
        if (!IsAlive || _termAfter is not null)
        {
            return;
        }
        _deadline?.Dispose();
        _deadline = term is { } time ? world.Time.CreateTimer(_ => Term(EndReason.TimedOut, killAfter), null, time, Timeout.InfiniteTimeSpan) : null;
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (!IsAlive || _inputEnded)
        {
            return;
        }
        _unread.AddRange(bytes);
        while (_unread.IndexOf((byte)'\n') is >= 0 and var end)
        {
            var line = JsonElement.Parse(_unread[..end].ToArray());
            _unread.RemoveRange(0, end + 1);
            _ = OnProcessAsync(() => Take(line));
        }
    }

    public void CloseInput()
    {
        _inputEnded = true;
        _ = OnProcessAsync(LeaveIfDone);
    }

    public void Say(string line, bool isError = false)
    {
        if (IsAlive)
        {
            output.Wrote(isError, Encoding.UTF8.GetBytes(line + "\n"), 0);
        }
    }

    public void CloseOutput()
    {
        if (IsAlive && spec.IsConversation)
        {
            output.Closed(isError: false);
        }
    }

    /// <summary>It dies: negative for a signal.</summary>
    public void Die(int code)
    {
        if (!IsAlive)
        {
            return;
        }
        IsAlive = false;
        EndedAt = world.Time.Now;
        _deadline?.Dispose();
        if (_working is { } task)
        {
            world.End(task.Run);
        }
        if (_hidden)
        {
            return;
        }
        if (spec.IsConversation && Pid > 0)
        {
            output.Closed(isError: false);
            output.Closed(isError: true);
        }
        _exit.TrySetResult(new ProcessExit
        {
            Reason = _reason,
            Pid = Pid,
            ExitCode = code < 0 ? -1 : code,
            Signal = code < 0 ? -code : 0,
            Elapsed = Age,
            TermAfter = _termAfter,
            Message = program.NeverStarts ?? "",
        });
    }

    public void Vanish()
    {
        _hidden = true;
        Die(-9);
    }

    /// <summary>One waits in this time, and never goes on in a process that has died.</summary>
    public async Task Delay(TimeSpan time)
    {
        await Task.Delay(time, world.Time);
        if (!IsAlive)
        {
            await new TaskCompletionSource().Task;
        }
    }

    private Task OnProcessAsync(Action action) => world.Time.StartAsync(() =>
    {
        if (IsAlive)
        {
            action();
        }
        return Task.CompletedTask;
    });

    private Task LiveAsync() => world.Time.StartAsync(async () =>
    {
        if (program.NeverStarts is not null)
        {
            _reason = EndReason.NotStarted;
            Die(0);
            return;
        }
        await Delay(program.Start);
        Pid = world.NextPid();
        output.Started(Pid);
        if (program.DiesAfter is { } time)
        {
            _ = DieAfterAsync(time, program.DiesWith);
        }
        if (spec.IsConversation)
        {
            Next();
            return;
        }
        var payload = JsonElement.Parse(spec.Input.Span);
        await WorkAsync(new VirtualTask(this, Variable("FAIRLEAD_JOB_ID"), (int)Variable("FAIRLEAD_ATTEMPT"), payload)
        {
            ScheduledFor = spec.Environment.FirstOrDefault(static variable => variable.Key == "FAIRLEAD_JOB_SCHEDULED_FOR").Value,
        });
    });

    private long Variable(string name) => long.Parse(spec.Environment.First(variable => variable.Key == name).Value);

    private async Task DieAfterAsync(TimeSpan time, int code)
    {
        await Delay(time);
        Die(code);
    }

    private void Take(JsonElement line)
    {
        if (line.TryGetProperty("job", out _))
        {
            _jobs.Enqueue(line);
        }
        else if (line.TryGetProperty("cancel", out var cancelled))
        {
            Cancel(cancelled.GetInt64());
        }
        else
        {
            _working?.Hear(line);
        }
        Next();
    }

    private void Cancel(long job)
    {
        if (!program.HearsCancel)
        {
            return;
        }
        if (_working?.Job == job)
        {
            _working.Answer($$"""{"failed":{{job}},"error":"given up"}""");
            world.End(_working.Run);
            _working = null;
        }
        else if (_jobs.Any(line => line.GetProperty("job").GetInt64() == job))
        {
            var left = _jobs.Where(line => line.GetProperty("job").GetInt64() != job).ToList();
            _jobs.Clear();
            left.ForEach(_jobs.Enqueue);
            Say($$"""{"failed":{{job}},"error":"given up"}""");
        }
    }

    private void Next()
    {
        if (Pid > 0 && _working is null && _jobs.TryDequeue(out var line))
        {
            _ = WorkAsync(new VirtualTask(this, line.GetProperty("job").GetInt64(), line.GetProperty("attempt").GetInt32(), line.GetProperty("payload"))
            {
                ScheduledFor = line.TryGetProperty("scheduled_for", out var time) ? time.GetString() : null,
            });
        }
        LeaveIfDone();
    }

    private void LeaveIfDone()
    {
        if (_inputEnded && Pid > 0 && _working is null && _jobs.Count == 0 && program.OnInputEnd is { } time)
        {
            _ = DieAfterAsync(time, 0);
        }
    }

    private async Task WorkAsync(VirtualTask task)
    {
        _working = task;
        task.Run = world.Begin(this, task.Job, task.Attempt);
        await program.Work(task);
        if (!IsAlive || _working != task)
        {
            return;
        }
        world.End(task.Run);
        _working = null;
        if (!spec.IsConversation)
        {
            Die(task.ExitCode);
            return;
        }
        if (!task.HasAnswered)
        {
            task.Answer($$"""{"done":{{task.Job}}}""");
        }
        Next();
    }

    private void Term(EndReason reason, TimeSpan killAfter)
    {
        if (!IsAlive || _termAfter is not null)
        {
            return;
        }
        (_reason, _termAfter) = (reason, Age);
        _deadline?.Dispose();
        if (program.OnTerm is { } time && time < killAfter)
        {
            _ = DieAfterAsync(time, -15);
        }
        else
        {
            _ = DieAfterAsync(killAfter, -9);
        }
    }
}

/// <summary>One job in the hands of a process.</summary>
internal sealed class VirtualTask(VirtualProcess process, long job, int attempt, JsonElement payload)
{
    private readonly Queue<JsonElement> _heard = new();
    private TaskCompletionSource<JsonElement>? _listening;

    public long Job => job;

    public int Attempt => attempt;

    public JsonElement Payload => payload;

    public VirtualProcess Process => process;

    /// <summary>For when a schedule made its job, as it was told; null when it was not.</summary>
    public string? ScheduledFor { get; init; }

    public VirtualRun Run { get; set; } = null!;

    public bool HasAnswered { get; private set; }

    /// <summary>With which a process for one job ends.</summary>
    public int ExitCode { get; set; }

    public Task Delay(TimeSpan time) => process.Delay(time);

    public void Say(string line) => process.Say(line);

    public void Answer(string line)
    {
        HasAnswered = true;
        process.Say(line);
    }

    public Task<JsonElement> HearAsync()
    {
        if (_heard.TryDequeue(out var line))
        {
            return Task.FromResult(line);
        }
        _listening = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        return _listening.Task;
    }

    public void Hear(JsonElement line)
    {
        if (_listening is { } listening)
        {
            _listening = null;
            listening.SetResult(line);
        }
        else
        {
            _heard.Enqueue(line);
        }
    }

    /// <summary>It never comes to an end.</summary>
    public static Task Forever() => new TaskCompletionSource().Task;
}
