namespace Fairlead.Tests.Pools;

/// <summary>What a program does, in virtual time.</summary>
internal sealed record VirtualProgram
{
    /// <summary>How long it takes to start.</summary>
    public TimeSpan Start { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>It cannot be started, for this reason.</summary>
    public string? NeverStarts { get; init; }

    /// <summary>What it does for each job; without an answer of its own that is completed.</summary>
    public Func<VirtualTask, Task> Work { get; init; } = static _ => Task.CompletedTask;

    /// <summary>How long after its start it dies by itself.</summary>
    public TimeSpan? DiesAfter { get; init; }

    /// <summary>With which exit code; negative for a signal.</summary>
    public int DiesWith { get; init; } = 1;

    /// <summary>What it holds, by its age.</summary>
    public Func<TimeSpan, long> Memory { get; init; } = static _ => 1 << 20;

    /// <summary>How long after SIGTERM it is gone; null when it ignores it.</summary>
    public TimeSpan? OnTerm { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>It reads on while it works, and gives up what is cancelled.</summary>
    public bool HearsCancel { get; init; }

    /// <summary>How long after the end of its input it is gone; null when it ignores that.</summary>
    public TimeSpan? OnInputEnd { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>A program whose every job takes so long.</summary>
    public static VirtualProgram Taking(double seconds) => new() { Work = task => task.Delay(TimeSpan.FromSeconds(seconds)) };
}
