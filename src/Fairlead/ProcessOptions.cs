namespace Fairlead;

/// <summary>
/// The processes of a queue whose handlers run in processes of their own (<see cref="QueueOptions.RunInOwnProcess" />), on one node. In
/// configuration: <c>Fairlead:Queues:name:OwnProcess</c>. Checked when the host starts.
/// </summary>
public sealed class ProcessOptions
{
    /// <summary>
    /// How many processes there may be on this node; 1 or more. Default (null): as many as the queue may have jobs processing, divided by
    /// <see cref="Prefetch" />, or as many as there are processors where the queue has no such limit.
    /// </summary>
    public int? MaxPerNode { get; set; }

    /// <summary>How long a process may live, more than zero: then it gets no further job, and no job may take longer. Default (null): no limit.</summary>
    public TimeSpan? MaxRuntime { get; set; }

    /// <summary>How many jobs a process is given before another takes its place; 1 or more. Default (null): no limit.</summary>
    public int? MaxJobs { get; set; }

    /// <summary>
    /// How much resident memory a process and all that it started may hold, in bytes, 1 MiB or more: one that holds more is ended and its
    /// attempt failed. Looked at every second. Default (null): no limit.
    /// </summary>
    public long? MaxMemory { get; set; }

    /// <summary>How long a process may be without a job before it is let go; more than zero. Default 60 s.</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How many processes stand ready without a job, beyond those that work; zero or more. Default 0.</summary>
    public int Spares { get; set; }

    /// <summary>The least time between a process's end and the next start in its place; zero or more. A first start waits for nothing. Default zero.</summary>
    public TimeSpan Cooldown { get; set; }

    /// <summary>
    /// How many jobs a process is handed at once, the one it works at included; what is handed counts as processing, each one's timeout from
    /// its turn. 1 to 1000, default 1; more pays for jobs of less than a few milliseconds.
    /// </summary>
    public int Prefetch { get; set; } = 1;

    /// <summary>
    /// Added to, or put in place of, this process's environment; never shown. Processes of their own collect garbage as workstations do,
    /// which costs many processes far less memory, unless <c>DOTNET_gcServer</c> stands here.
    /// </summary>
    public IDictionary<string, string> Environment { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Every rule that the options break, in words; empty when they are sound.</summary>
    internal IEnumerable<string> Problems(string queue)
    {
        if (MaxPerNode is < 1)
        {
            yield return $"Queue '{queue}': OwnProcess.MaxPerNode expects 1 or more (or nothing, for what the queue allows); got {MaxPerNode}.";
        }
        if (MaxRuntime <= TimeSpan.Zero)
        {
            yield return $"Queue '{queue}': OwnProcess.MaxRuntime expects more than zero (or nothing for no limit); got {MaxRuntime}.";
        }
        if (MaxJobs is < 1)
        {
            yield return $"Queue '{queue}': OwnProcess.MaxJobs expects 1 or more (or nothing for no limit); got {MaxJobs}.";
        }
        if (MaxMemory is < 1024 * 1024)
        {
            yield return $"Queue '{queue}': OwnProcess.MaxMemory is in bytes and expects 1 MiB or more (or nothing for no limit); got {MaxMemory}.";
        }
        if (IdleTimeout <= TimeSpan.Zero)
        {
            yield return $"Queue '{queue}': OwnProcess.IdleTimeout expects more than zero; got {IdleTimeout}.";
        }
        if (Spares < 0)
        {
            yield return $"Queue '{queue}': OwnProcess.Spares expects zero or more; got {Spares}.";
        }
        if (Cooldown < TimeSpan.Zero)
        {
            yield return $"Queue '{queue}': OwnProcess.Cooldown expects zero or more; got {Cooldown}.";
        }
        if (Prefetch is < 1 or > 1000)
        {
            yield return $"Queue '{queue}': OwnProcess.Prefetch expects 1 to 1000; got {Prefetch}.";
        }
        foreach (var name in Environment.Keys.Where(static name => name.Length == 0 || name.AsSpan().ContainsAny('=', '\0')))
        {
            yield return $"Queue '{queue}': OwnProcess.Environment expects names without '=' and NUL; got '{name}'.";
        }
    }
}
