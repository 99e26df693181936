namespace Fairlead.Cli.Configuration;

/// <summary>The keys of <c>retention:</c>.</summary>
internal static class RetentionKeys
{
    public static readonly SectionType<RetentionConfiguration> Section = new("retention", static _ => new RetentionConfiguration(),
    [
        Key.Of("completed", Types.Duration, static (RetentionConfiguration keep, TimeSpan time) => keep with { Completed = time }, "How long completed jobs are kept.", "7d", "7d"),
        Key.Of("failed", Types.Duration, static (RetentionConfiguration keep, TimeSpan time) => keep with { Failed = time }, "How long failed and cancelled jobs are kept.", "30d", "30d"),
    ]);
}
