using System.Text;
using Fairlead.Processes;

namespace Fairlead.Tests.Processes;

/// <summary>The host's side of a talk with a real program: what it said, line by line, and whether it is done.</summary>
internal sealed class Listener : IProcessOutput
{
    private readonly MemoryStream _output = new();
    private readonly List<string> _told = [];
    private readonly Lock _gate = new();

    /// <summary>What was told beside output, in order: <c>started</c>, <c>closed output</c>, <c>closed error</c>.</summary>
    public IReadOnlyList<string> Told
    {
        get
        {
            lock (_gate)
            {
                return [.. _told];
            }
        }
    }

    public byte[] Output
    {
        get
        {
            lock (_gate)
            {
                return _output.ToArray();
            }
        }
    }

    public long Length
    {
        get
        {
            lock (_gate)
            {
                return _output.Length;
            }
        }
    }

    public string Text => Encoding.UTF8.GetString(Output);

    /// <summary>Called with everything that comes on standard output, on the thread that reads.</summary>
    public Action<int>? OnOutput { get; set; }

    public string Error { get; private set; } = "";

    public void Started(int pid) => Tell("started");

    public void Closed(bool isError) => Tell(isError ? "closed error" : "closed output");

    public void Wrote(bool isError, ReadOnlySpan<byte> bytes, long leftOut)
    {
        leftOut.ShouldBe(0);
        lock (_gate)
        {
            if (isError)
            {
                Error += Encoding.UTF8.GetString(bytes);
                return;
            }
            _output.Write(bytes);
        }
        OnOutput?.Invoke(bytes.Length);
    }

    private void Tell(string what)
    {
        lock (_gate)
        {
            _told.Add(what);
        }
    }
}

/// <summary>Programs to talk to.</summary>
internal static class Talkers
{
    /// <summary>Says again every line that it reads.</summary>
    public static ProcessSpec Echo => Python("import sys\nfor line in sys.stdin.buffer: sys.stdout.buffer.write(line); sys.stdout.buffer.flush()");

    public static ProcessSpec Python(string script) => new() { Arguments = ["python3", "-c", script], IsConversation = true, KillAfter = TimeSpan.FromSeconds(0.2) };

    public static ProcessSpec Shell(string script) => WardenHarness.Shell(script, killAfter: 0.2) with { IsConversation = true };
}
