namespace Fairlead;

/// <summary>How one run of a job ended.</summary>
public enum AttemptOutcome
{
    /// <summary>The handler returned, or the program exited with 0.</summary>
    Completed = 0,

    /// <summary>The handler threw, or the program exited with another code.</summary>
    Failed = 1,

    /// <summary>The work was told to come later (a 429, a limit). Costs no attempt.</summary>
    Deferred = 2,

    /// <summary>It ran longer than its timeout and was ended, or abandoned if it could not be.</summary>
    TimedOut = 3,

    /// <summary>Somebody cancelled the job while it ran.</summary>
    Cancelled = 4,

    /// <summary>Its node or its process died. A node's death costs no attempt, a process's does.</summary>
    Lost = 5,

    /// <summary>A stopping node gave it back unfinished. Costs no attempt.</summary>
    HandedBack = 6,
}

/// <summary>The names of outcomes in JSON, tables and commands.</summary>
public static class AttemptOutcomes
{
    /// <summary>The wire name: <c>completed failed deferred timed_out cancelled lost handed_back</c>.</summary>
    public static string ToWire(this AttemptOutcome outcome) => outcome switch
    {
        AttemptOutcome.Completed => "completed",
        AttemptOutcome.Failed => "failed",
        AttemptOutcome.Deferred => "deferred",
        AttemptOutcome.TimedOut => "timed_out",
        AttemptOutcome.Cancelled => "cancelled",
        AttemptOutcome.Lost => "lost",
        AttemptOutcome.HandedBack => "handed_back",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "Not an attempt outcome."),
    };
}
