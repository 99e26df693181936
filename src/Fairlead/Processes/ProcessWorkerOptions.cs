namespace Fairlead.Processes;

/// <summary>What a queue's program is, and how it is given its work.</summary>
internal sealed record ProcessWorkerOptions
{
    /// <summary>The program: a name looked up in <c>PATH</c>, or a path, which counts from <see cref="WorkingDirectory" />.</summary>
    public required string Program { get; init; }

    /// <summary>Its arguments.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>
    /// True to put the payload in the place of every <c>{}</c> in <see cref="Arguments" />, or behind them when there is none; a JSON string is put as
    /// its text, anything else as JSON. False (the default) leaves arguments as they are.
    /// </summary>
    public bool PayloadInArguments { get; init; }

    /// <summary>What stands on standard input.</summary>
    public ProcessInput Input { get; init; }

    /// <summary>Where it runs; null for where the node does.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>Added to the node's own environment; never shown.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>How much of each output is kept, in bytes: half from its beginning, half from its end. Default 512 KiB.</summary>
    public int KeepOutput { get; init; } = 512 * 1024;
}

/// <summary>What a program finds on its standard input; a line always ends in a line feed.</summary>
internal enum ProcessInput
{
    /// <summary>The payload as JSON, one line.</summary>
    Json = 0,

    /// <summary>A payload that is a JSON string as its text, anything else as JSON.</summary>
    Text = 1,

    /// <summary>Nothing.</summary>
    None = 2,
}
