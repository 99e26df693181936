using System.Text.Json;
using Fairlead.Engine;

namespace Fairlead.Processes.Pools;

/// <summary>How the programs of a pool are spoken to.</summary>
internal enum PoolProtocol
{
    /// <summary>One process for each job: the payload on standard input, the result as the last line of standard output.</summary>
    Job = 0,

    /// <summary>Many jobs for each process, one JSON object a line.</summary>
    Stream = 1,
}

/// <summary>The processes of one queue on one node: what is started, how many, for how long.</summary>
internal sealed record PoolOptions
{
    /// <summary>The program and its arguments; a program without a slash is looked up in <c>PATH</c>, one with a slash counts from <see cref="Directory" />.</summary>
    public required IReadOnlyList<string> Run { get; init; }

    /// <summary>Where it runs; null for where the node does.</summary>
    public string? Directory { get; init; }

    /// <summary>Added to, or put in place of, the node's own environment; never shown.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Values that are replaced wherever a program writes them: in logs, results' errors, reports.</summary>
    public IReadOnlyList<string> Secrets { get; init; } = [];

    /// <summary>How it is spoken to.</summary>
    public PoolProtocol Protocol { get; init; }

    /// <summary>
    /// Set for processes of this very program: what is said to them with each job beyond the protocol. They are trusted to say when they wait for permits, since
    /// they get those themselves.
    /// </summary>
    public Action<Utf8JsonWriter, Attempt>? ToOwnProgram { get; init; }

    /// <summary>How many jobs a process of <see cref="PoolProtocol.Stream" /> is handed at once, the one it works at included; what is handed counts as processing. 1 to 1000, default 1.</summary>
    public int Prefetch { get; init; } = 1;

    /// <summary>
    /// How many processes there may be on this node; null: as many as the queue may have jobs processing, divided by <see cref="Prefetch" />, or as many
    /// as there are processors where the queue has no such limit.
    /// </summary>
    public int? MaxPerNode { get; init; }

    /// <summary>How long a process may live. With <see cref="PoolProtocol.Job" /> it is ended then; with <see cref="PoolProtocol.Stream" /> it gets no further job then, and no job may take longer. Null for no limit.</summary>
    public TimeSpan? MaxRuntime { get; init; }

    /// <summary>How many jobs a process of <see cref="PoolProtocol.Stream" /> is given before it is let go; null for no limit.</summary>
    public int? MaxJobs { get; init; }

    /// <summary>How much resident memory a process and all of its group may hold, in bytes; one that holds more is ended and its attempt failed. Looked at every second. Null for no limit.</summary>
    public long? MaxMemory { get; init; }

    /// <summary>How long a process of <see cref="PoolProtocol.Stream" /> may be without a job before it is let go. Default 60 s.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How many processes of <see cref="PoolProtocol.Stream" /> stand ready without a job, beyond those that work. Default 0.</summary>
    public int Spares { get; init; }

    /// <summary>The least time between a process's end and the next start in its place; a first start waits for nothing. Default zero.</summary>
    public TimeSpan Cooldown { get; init; }
}
