using Fairlead.Storage;

namespace Fairlead.Cli.Stores;

/// <summary>A store that lives and ends with the process: <c>memory:</c>.</summary>
internal sealed record MemoryAddress(string From) : StoreAddress(From)
{
    public const string Scheme = "memory";

    public override string ToString() => $"{Scheme}:";

    public override IJobStore Connect(TimeProvider time, bool adopt) => new InMemoryJobStore(time);
}
