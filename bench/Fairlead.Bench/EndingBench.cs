using System.Diagnostics;
using System.Globalization;
using Fairlead.Processes;

namespace Fairlead.Bench;

/// <summary>
/// How surely and how fast programs end, on each rung of the ladder, as jobs and as conversations: those that spin, ignore SIGTERM, have children and
/// grandchildren, fork twice, or leave a daemon in a session of its own without its environment; and what is left when the node is killed.
/// </summary>
internal static class EndingBench
{
    private static readonly TimeSpan s_term = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_late = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_grace = TimeSpan.FromMilliseconds(50);

    /// <summary>What resists; {0} is an argument by which its processes are found again, <c>up</c> is said when all run.</summary>
    private static readonly (string Name, string Script)[] s_kinds =
    [
        ("busy loop", "echo up; while :; do :; done # {0}"),
        ("ignores SIGTERM", "trap '' TERM; echo up; while :; do sleep {0}; done"),
        ("child and grandchild", "trap '' TERM; sh -c 'trap \"\" TERM; sleep {0} & echo up; wait; sleep {0}' & wait; sleep {0}"),
        ("double fork", "(sh -c 'trap \"\" TERM; sleep {0}' &); trap '' TERM; echo up; sleep {0}"),
        ("env -i setsid daemon", "env -i setsid sh -c '(sleep {0} &)'; trap '' TERM; echo up; sleep {0}"),
    ];

    public static async Task<int> RunAsync(string[] args)
    {
        var kills = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 1000;
        var failed = false;
        foreach (var rung in args.Length > 1 ? [Enum.Parse<Rung>(args[1])] : (Rung[])[Rung.Cgroup, Rung.Mark, Rung.Tree, Rung.Group])
        {
            await using var warden = await Warden.StartAsync(new WardenOptions { Rung = rung }, TimeProvider.System);
            Console.WriteLine($"{rung}: {warden.Containment.Rung}, {warden.Containment.Detail}");
            foreach (var talks in (bool[])[false, true])
            {
                failed |= !await EndManyAsync(warden, kills, talks) && warden.Containment.Rung >= Rung.Mark;
            }
            failed |= !await KillNodesAsync(rung) && warden.Containment.Rung >= Rung.Mark;
        }
        return failed ? 1 : 0;
    }

    /// <summary>A node of its own with one program of each kind, job and conversation, to be killed.</summary>
    public static async Task<int> ServeAsync(string rung, string tag)
    {
        await using var warden = await Warden.StartAsync(new WardenOptions { Rung = Enum.Parse<Rung>(rung) }, TimeProvider.System);
        var running = s_kinds.SelectMany(kind => new[] { false, true }.Select(talks => Start(warden, kind.Script, tag, talks))).ToList();
        await Task.WhenAll(running.Select(static one => one.Output.Up));
        Console.WriteLine(warden.Pid);
        await Task.WhenAll(running.Select(static one => one.Process.Exit));
        return 0;
    }

    private static async Task<bool> EndManyAsync(Warden warden, int kills, bool talks)
    {
        var late = new List<double>(kills);
        int survivors = 0, later = 0, wrong = 0;
        for (var i = 0; i < kills; i++)
        {
            var tag = $"6{Environment.ProcessId}.{i:000000}1";
            var (process, output) = Start(warden, s_kinds[i % s_kinds.Length].Script, tag, talks);
            await output.Up;
            process.SetDeadline(s_term, s_grace);
            var exit = await process.Exit;
            late.Add((exit.Elapsed - exit.TermAfter.GetValueOrDefault() - s_grace).TotalMilliseconds);
            wrong += exit.Reason == EndReason.TimedOut && exit.Left == 0 ? 0 : 1;
            if (Living(tag).Count is > 0 and var count)
            {
                survivors += count;
                await Task.Delay(s_late);
                later += EndLiving(tag);
            }
        }
        late.Sort();
        Console.WriteLine($"  {(talks ? "conversations" : "jobs"),-13} {kills} kills, {survivors} survivors, {later} of them {s_late.TotalMilliseconds:0} ms later, {wrong} told wrongly; after the grace p50 {late[kills / 2]:0} ms, p99 {late[kills * 99 / 100]:0} ms, worst {late[^1]:0} ms");
        return survivors == 0 && wrong == 0 && late[kills * 99 / 100] <= 250;
    }

    /// <summary>kill -9 of the node, then of the node and its warden in the same instant, with a new warden started after.</summary>
    private static async Task<bool> KillNodesAsync(Rung rung)
    {
        var alone = await KillNodeAsync(rung, withWarden: false);
        var both = await KillNodeAsync(rung, withWarden: true);
        Console.WriteLine($"  kill -9 of the node: {alone} left after 2 s; of the node and its warden at once, and a new node: {both} left after 2 s");
        return alone + both == 0;
    }

    private static async Task<int> KillNodeAsync(Rung rung, bool withWarden)
    {
        var tag = $"6{Environment.ProcessId}.{(withWarden ? 8 : 9)}{(int)rung}1";
        using var node = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["ends", $"{rung}", tag]) { UseShellExecute = false, RedirectStandardOutput = true })!;
        var warden = int.Parse((await node.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
        if (withWarden)
        {
            Libc.Kill(warden, Libc.SIGSTOP);
        }
        Libc.Kill(node.Id, Libc.SIGKILL);
        var killed = Stopwatch.GetTimestamp();
        if (!withWarden)
        {
            return await LivingAfterTwoSecondsAsync(tag, killed);
        }
        Libc.Kill(warden, Libc.SIGKILL);
        await using var next = await Warden.StartAsync(new WardenOptions { Rung = rung }, TimeProvider.System);
        return await LivingAfterTwoSecondsAsync(tag, killed);
    }

    private static async Task<int> LivingAfterTwoSecondsAsync(string tag, long since)
    {
        while (Living(tag).Count > 0 && Stopwatch.GetElapsedTime(since).TotalSeconds < 2)
        {
            await Task.Delay(10);
        }
        return EndLiving(tag);
    }

    private static (IHostedProcess Process, UpOutput Output) Start(Warden warden, string script, string tag, bool talks)
    {
        var output = new UpOutput();
        var arguments = new[] { "sh", "-c", script.Replace("{0}", tag, StringComparison.Ordinal) };
        return (warden.Start(new ProcessSpec { Arguments = arguments, IsConversation = talks }, output), output);
    }

    /// <summary>How many live with this argument; they do not any more.</summary>
    private static int EndLiving(string tag)
    {
        var living = Living(tag);
        living.ForEach(static pid => Libc.Kill(pid, Libc.SIGKILL));
        return living.Count;
    }

    private static List<int> Living(string tag)
    {
        var living = new List<int>();
        foreach (var pid in ProcessTable.Pids())
        {
            if (pid != Environment.ProcessId && CommandOf(pid).Contains(tag, StringComparison.Ordinal) && ProcessTable.TryRead(pid, out _))
            {
                living.Add(pid);
            }
        }
        return living;
    }

    private static string CommandOf(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <summary>Completes when something is written.</summary>
    private sealed class UpOutput : IProcessOutput
    {
        private readonly TaskCompletionSource _up = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Up => _up.Task;

        public void Started(int pid) { }

        public void Wrote(bool isError, ReadOnlySpan<byte> bytes, long leftOut) => _up.TrySetResult();
    }
}
