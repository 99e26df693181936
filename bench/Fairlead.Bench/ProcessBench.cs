using System.Diagnostics;
using Fairlead.Processes;

namespace Fairlead.Bench;

/// <summary>What the warden costs: programs a second beside bare process starts with pipes, and its own start; how programs end is <see cref="EndingBench" />.</summary>
internal static class ProcessBench
{
    /// <summary>Runs all of it and prints one line each.</summary>
    /// <param name="command">How the warden is started; null starts this program again.</param>
    /// <param name="runs">How many programs each way.</param>
    public static async Task<int> RunAsync(WardenCommand? command = null, int runs = 5000)
    {
        foreach (var rung in (Rung[])[Rung.Mark, Rung.Best])
        {
            await using var warden = await StartTimedAsync(command, rung);
            await Task.WhenAll(Slot(() => RunOneAsync(warden), 200), Slot(() => RunOneAsync(warden), 200));
            var floor = await MeasureAsync("Process.Start with pipes", StartBareAsync, runs);
            var ours = await MeasureAsync($"through the warden ({warden.Containment.Rung})", () => RunOneAsync(warden), runs);
            Console.WriteLine($"  {ours / floor:P0} of the floor");
        }
        return 0;
    }

    private static async Task<Warden> StartTimedAsync(WardenCommand? command, Rung rung)
    {
        var clock = Stopwatch.StartNew();
        var warden = await Warden.StartAsync(new WardenOptions { Command = command, Rung = rung }, TimeProvider.System);
        Console.WriteLine($"warden ready in {clock.Elapsed.TotalMilliseconds:0} ms, {ResidentMiB(warden.Pid):0.0} MiB; {warden.Containment.Detail}");
        return warden;
    }

    /// <summary>So many runs, two at once, as on two slots.</summary>
    private static async Task<double> MeasureAsync(string name, Func<Task> run, int runs)
    {
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Slot(run, runs / 2), Slot(run, runs / 2));
        var rate = runs / clock.Elapsed.TotalSeconds;
        Console.WriteLine($"{name,-30} {rate,8:0}/s");
        return rate;
    }

    private static async Task Slot(Func<Task> run, int runs)
    {
        await Task.Yield();
        for (var i = 0; i < runs; i++)
        {
            await run();
        }
    }

    private static async Task StartBareAsync()
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/true") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync(), process.WaitForExitAsync());
    }

    private static async Task RunOneAsync(Warden warden)
    {
        var exit = await warden.RunAsync(new ProcessSpec { Arguments = ["/bin/true"] }, NoOutput.Instance, default);
        if (exit.ExitCode != 0)
        {
            throw new InvalidOperationException($"{exit}");
        }
    }

    private static double ResidentMiB(int pid)
    {
        var pages = File.ReadAllText($"/proc/{pid}/statm").Split(' ')[1];
        return long.Parse(pages) * Environment.SystemPageSize / 1024.0 / 1024;
    }

    private sealed class NoOutput : IProcessOutput
    {
        public static NoOutput Instance { get; } = new();

        public void Started(int pid) { }

        public void Wrote(bool isError, ReadOnlySpan<byte> bytes, long leftOut) { }
    }
}
