using System.Runtime.InteropServices;
using System.Text.Json;
using Fairlead.Engine;
using Microsoft.Extensions.Hosting;

namespace Fairlead.Processes.OwnProcess;

/// <summary>
/// What a process of a queue does in place of its program: takes jobs from standard input, runs their handlers, and answers on standard output,
/// until its input ends.
/// </summary>
internal sealed class ChildHost(JobRegistry registry, IWorker worker, NodeStanding standing, FairleadOptions options, IHostApplicationLifetime? lifetime)
{
    private readonly ChildJobs _jobs = new(worker);

    /// <summary>The queues whose handlers have processes of their own.</summary>
    public IEnumerable<string> Queues => options.Queues.Where(static queue => queue.Value.OwnProcess is not null).Select(static queue => queue.Key);

    /// <summary>Serves until no more jobs come and those that came have been answered. Reads on a thread of its own.</summary>
    public async Task RunAsync(StandardStreams streams)
    {
        var writer = new LineWriter(streams.Output);
        writer.Write([.. OwnProcessCommand.Ready, (byte)'\n']);
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnTerm);
        new Thread(() => Read(streams, new ChildLines(writer))) { Name = "Fairlead jobs", IsBackground = true }.UnsafeStart();
        await _jobs.RunAsync();
        writer.Flush();
    }

    private void Read(StandardStreams streams, ChildLines lines)
    {
        var reader = new LineReader(streams.Input);
        while (reader.TryRead(out var line))
        {
            Take(line, lines);
        }
        _jobs.Complete();
        Libc.WaitUntilUnread(streams.Output);
        _jobs.StopAll("Its host is gone.");
    }

    private void Take(ReadOnlySpan<byte> text, ChildLines lines)
    {
        try
        {
            var asked = standing.Clock.Ask();
            var line = HostLine.Read(text);
            if (line.Now is { } now)
            {
                standing.Clock.Set(now, asked);
            }
            if (line.Node is { } node && node != standing.Node)
            {
                standing.Lend(node);
            }
            if (line.Job is { } job)
            {
                _jobs.Add(new ChildAttempt(job, registry.Queue(job.Queue), lines) { Attempt = { StartedAt = standing.Clock.Now } });
            }
            if (line.Cancel is { } cancelled)
            {
                _jobs.Cancel(cancelled);
            }
        }
        catch (Exception error) when (error is JsonException or FormatException or InvalidOperationException)
        {
            Console.Error.WriteLine($"fairlead: a line of the host was not understood: {error.Message}");
        }
    }

    private void OnTerm(PosixSignalContext signal)
    {
        // The default would end the process before its handlers have.
        signal.Cancel = true;
        _jobs.StopAll("Its process was asked to end.");
        lifetime?.StopApplication();
    }
}
