using Fairlead.Processes.Pools;

namespace Fairlead.Cli.Configuration;

/// <summary>A queue while its keys are read: its name is not known yet, nor whether it has a program.</summary>
/// <param name="Definition">What the cluster is told.</param>
/// <param name="Pool">Its processes, if it has a program.</param>
internal sealed record QueueDraft(QueueDefinition Definition, PoolOptions Pool)
{
    public static QueueDraft New(Reading reading) => new(new QueueDefinition { Name = "" }, new PoolOptions { Run = [], Directory = reading.FullPath(".") });

    public QueueConfiguration Finish(string name) => new() { Definition = Definition with { Name = name }, Pool = Pool.Run.Count > 0 ? Pool : null };
}
