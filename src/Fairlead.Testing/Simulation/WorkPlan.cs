using System.Buffers.Binary;
using Fairlead.Storage;

namespace Fairlead.Testing.Simulation;

/// <summary>What one simulated job does when it runs. A job's payload is the number of its plan.</summary>
internal sealed class WorkPlan
{
    public required long Tag { get; init; }

    /// <summary>How long each attempt takes.</summary>
    public TimeSpan Takes { get; init; }

    /// <summary>It ignores its token.</summary>
    public bool Deaf { get; init; }

    /// <summary>The first attempts that fail.</summary>
    public int Failures { get; init; }

    /// <summary>It fails for good once its failures are over.</summary>
    public bool FailsForGood { get; init; }

    /// <summary>The first runs that are told to come later.</summary>
    public int Deferrals { get; set; }

    /// <summary>What it enqueues while it runs: appears if and only if it completes.</summary>
    public IReadOnlyList<NewJob> Children { get; init; } = [];

    /// <summary>The children that it leaves the rest to; null when it ends by itself.</summary>
    public NewBatch? Branch { get; init; }

    /// <summary>What its result says, which is the plan of what follows it.</summary>
    public long Result { get; init; }

    public static ReadOnlyMemory<byte> Write(long tag)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, tag);
        return bytes;
    }

    public static long Read(ReadOnlyMemory<byte> payload) => payload.Length == 8 ? BinaryPrimitives.ReadInt64LittleEndian(payload.Span) : 0;
}
