namespace Fairlead.Processes;

/// <summary>What a warden holds a job's processes by, weakest first. Each one includes those before it.</summary>
internal enum Rung : byte
{
    /// <summary>Whatever the system offers.</summary>
    Best = 0,

    /// <summary>The process group: what leaves it by <c>setsid</c> escapes. All there is outside Linux.</summary>
    Group = 1,

    /// <summary>And the tree: parents, sessions and the environment, read from /proc; orphans come back to the warden.</summary>
    Tree = 2,

    /// <summary>And the <see cref="JobMark" />: exact, whatever the processes do short of taking it off on purpose.</summary>
    Mark = 3,

    /// <summary>And a cgroup of its own, which the kernel ends as a whole.</summary>
    Cgroup = 4,
}

/// <summary>Which rung a warden stands on, for <c>doctor</c>.</summary>
/// <param name="Rung">The rung in use.</param>
/// <param name="Detail">What it rests on, and why not the next higher one; for people.</param>
internal sealed record Containment(Rung Rung, string Detail);
