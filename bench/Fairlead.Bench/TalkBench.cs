using System.Diagnostics;
using Fairlead.Processes;

namespace Fairlead.Bench;

/// <summary>How often a second a host and a Python program say a line to each other: through the warden's pipes, and through bare ones.</summary>
internal static class TalkBench
{
    private const string Echo = "import os\nwhile True:\n  b = os.read(0, 65536)\n  if not b: break\n  os.write(1, b)";
    private static readonly byte[] s_line = "{\"type\":\"job\",\"id\":\"0123456789abcdef\"}\n"u8.ToArray();

    public static async Task<int> RunAsync(string[] args)
    {
        var trips = args.Length > 0 ? int.Parse(args[0]) : 100_000;
        await using var warden = await Warden.StartAsync(new WardenOptions(), TimeProvider.System);
        foreach (var ahead in (int[])[1, 64])
        {
            for (var round = 0; round < 3; round++)
            {
                var bare = Bare(trips, ahead);
                var ours = await ThroughAsync(warden, trips, ahead);
                Console.WriteLine($"{ahead,2} ahead: bare pipes {bare,9:N0}/s, through the warden's {ours,9:N0}/s, {ours / bare:P0}");
            }
        }
        return 0;
    }

    private static double Bare(int trips, int ahead)
    {
        using var process = Process.Start(new ProcessStartInfo("python3", ["-c", Echo])
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true,
        })!;
        var (input, output) = (process.StandardInput.BaseStream, process.StandardOutput.BaseStream);
        var window = Lines(ahead);
        var buffer = new byte[Conversation.Turn];
        var clock = Stopwatch.GetTimestamp();
        input.Write(window);
        input.Flush();
        long left = (long)trips * s_line.Length, unsaid = left - window.Length, partial = 0;
        while (left > 0)
        {
            var read = output.Read(buffer);
            left -= read;
            var said = (int)Math.Min((partial + read) / s_line.Length * s_line.Length, unsaid);
            partial = (partial + read) % s_line.Length;
            unsaid -= said;
            input.Write(window.AsSpan(0, said));
            input.Flush();
        }
        var rate = trips / Stopwatch.GetElapsedTime(clock).TotalSeconds;
        input.Close();
        process.WaitForExit();
        return rate;
    }

    private static async Task<double> ThroughAsync(Warden warden, int trips, int ahead)
    {
        var talk = new Talk(Lines(ahead), (long)trips * s_line.Length);
        talk.Process = warden.Start(new ProcessSpec { Arguments = ["python3", "-c", Echo], IsConversation = true }, talk);
        await talk.Up;
        var clock = Stopwatch.GetTimestamp();
        talk.Begin();
        await talk.Done;
        var rate = trips / Stopwatch.GetElapsedTime(clock).TotalSeconds;
        talk.Process.CloseInput();
        await talk.Process.Exit;
        return rate;
    }

    private static byte[] Lines(int count) => [.. Enumerable.Repeat(s_line, count).SelectMany(static line => line)];

    /// <summary>Says a line for each that came back.</summary>
    private sealed class Talk(byte[] window, long length) : IProcessOutput
    {
        private readonly TaskCompletionSource _up = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _left = length;
        private long _unsaid = length - window.Length;
        private int _partial;

        public IHostedProcess Process { get; set; } = null!;

        public Task Up => _up.Task;

        public Task Done => _done.Task;

        public void Begin() => Process.Write(window);

        public void Started(int pid) => _up.SetResult();

        public void Wrote(bool isError, ReadOnlySpan<byte> bytes, long leftOut)
        {
            _left -= bytes.Length;
            var said = (int)Math.Min((_partial + bytes.Length) / s_line.Length * s_line.Length, _unsaid);
            _partial = (_partial + bytes.Length) % s_line.Length;
            _unsaid -= said;
            Process.Write(window.AsSpan(0, said));
            if (_left == 0)
            {
                _done.SetResult();
            }
        }
    }
}
