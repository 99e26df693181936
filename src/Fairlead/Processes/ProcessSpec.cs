namespace Fairlead.Processes;

/// <summary>A program to run once.</summary>
internal sealed record ProcessSpec
{
    /// <summary>The program and its arguments. A program without a slash is looked up in the node's <c>PATH</c>, one with a slash from <see cref="Directory" />.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Added to, or put in place of, the node's own environment.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; } = [];

    /// <summary>Where it runs; null for where the node does.</summary>
    public string? Directory { get; init; }

    /// <summary>What it finds on its standard input. A program that does not read it loses nothing and holds up nobody.</summary>
    public ReadOnlyMemory<byte> Input { get; init; }

    /// <summary>
    /// True for a program that is talked to: its standard input stays open behind <see cref="Input" />, all that it writes is told at once
    /// and nothing of it is left out, and its pipes lead to this process without a detour.
    /// </summary>
    public bool IsConversation { get; init; }

    /// <summary>When it is sent SIGTERM, counted from its start; null for never.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>How long after SIGTERM its whole tree is sent SIGKILL.</summary>
    public TimeSpan KillAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How much of each output is kept, in bytes: the first half as it comes, and at the end the last half; what is between is counted and
    /// dropped. Default 512 KiB.
    /// </summary>
    public int KeepOutput { get; init; } = 512 * 1024;
}

/// <summary>Takes what a program writes, in order, on the thread that reads it: be quick.</summary>
internal interface IProcessOutput
{
    /// <summary>It runs, under this process id.</summary>
    void Started(int pid);

    /// <summary>It wrote something. Characters may be cut in two at the ends.</summary>
    /// <param name="isError">True for standard error.</param>
    /// <param name="bytes">What it wrote; good only during the call.</param>
    /// <param name="leftOut">How many bytes between the last call and this one were not kept.</param>
    void Wrote(bool isError, ReadOnlySpan<byte> bytes, long leftOut);

    /// <summary>
    /// One of a conversation's outputs came to its end: nothing more comes from it. Told once for each when the program closes it while it
    /// lives, or else just before its exit is known.
    /// </summary>
    /// <param name="isError">True for standard error.</param>
    void Closed(bool isError) { }
}
