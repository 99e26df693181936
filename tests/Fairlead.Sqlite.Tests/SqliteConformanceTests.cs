using Fairlead.Storage;
using Fairlead.Testing.Conformance;

namespace Fairlead.Sqlite.Tests;

public sealed class SqliteConformanceTests
{
    public static TheoryData<string> Cases => [.. StoreConformance.Cases.Select(static c => c.Name)];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Keeps(string promise)
    {
        await using var fixture = new SqliteFixture();
        await StoreConformance.Find(promise).RunAsync(fixture);
    }

    private sealed class SqliteFixture : IStoreFixture
    {
        private readonly string folder = Directory.CreateTempSubdirectory("fairlead-").FullName;

        public async ValueTask<IJobStore> OpenAsync(TimeProvider clock)
        {
            var store = new SqliteJobStore(Path.Combine(folder, "store.db"), clock);
            await store.OpenAsync();
            return store;
        }

        // What the kernel does for a process that ends: its locks are free, and nothing else is said.
        public ValueTask KillAsync(IJobStore store) => store.DisposeAsync();

        public ValueTask DisposeAsync()
        {
            Directory.Delete(folder, recursive: true);
            return default;
        }
    }
}
