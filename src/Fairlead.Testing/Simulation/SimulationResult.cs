namespace Fairlead.Testing.Simulation;

/// <summary>What one simulated run was.</summary>
internal sealed record SimulationResult
{
    public required int Seed { get; init; }

    /// <summary>Equal runs have equal hashes.</summary>
    public required ulong Hash { get; init; }

    public required long Events { get; init; }

    public required long Steps { get; init; }

    /// <summary>Store calls after which every guarantee was checked.</summary>
    public required long Checked { get; init; }

    public required int Jobs { get; init; }

    public required int Faults { get; init; }

    public required TimeSpan Virtual { get; init; }

    /// <summary>The broken guarantee, the last lines of the journal, and how to run it again; null when all held.</summary>
    public string? Failure { get; init; }
}
