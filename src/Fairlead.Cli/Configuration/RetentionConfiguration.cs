namespace Fairlead.Cli.Configuration;

/// <summary><c>retention:</c> how long ended jobs are kept.</summary>
internal sealed record RetentionConfiguration
{
    /// <summary>Those that completed.</summary>
    public TimeSpan Completed { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Those that failed or were cancelled.</summary>
    public TimeSpan Failed { get; init; } = TimeSpan.FromDays(30);
}
