using Fairlead.Storage;

namespace Fairlead.Sqlite.Tests;

/// <summary>A folder of its own for one test, and stores on one file in it.</summary>
public sealed class TempStore : IAsyncDisposable
{
    private readonly List<SqliteJobStore> stores = [];

    public string Folder { get; } = Directory.CreateTempSubdirectory("fairlead-").FullName;

    public string Path => System.IO.Path.Combine(Folder, "app.db");

    public async Task<SqliteJobStore> OpenAsync(TimeProvider? clock = null, SqliteStoreOptions? options = null)
    {
        var store = new SqliteJobStore(options ?? new() { ConnectionString = Path }, clock ?? TimeProvider.System);
        stores.Add(store);
        await store.OpenAsync();
        return store;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var store in stores)
        {
            await store.DisposeAsync();
        }
        Directory.Delete(Folder, recursive: true);
    }

    public static readonly JobKind Kind = new("work");

    public static NewJob Job(string payload = "{}", string queue = "q") => new() { Queue = queue, Kind = Kind, Payload = System.Text.Encoding.UTF8.GetBytes(payload) };

    public static NodeRegistration Registration(QueueDefinition? queue = null) => new()
    {
        Name = "node", Slots = 100, Queues = [new(queue ?? new() { Name = "q" }, [Kind])],
    };

    public static ClaimRequest Request(NodeId node, long sequence, int slots = 100, bool idle = false) => new()
    {
        Node = node, Sequence = sequence, Slots = slots, Idle = idle, Queues = [new("q", [Kind], slots)],
    };

    public static JobTransition Completed(ClaimedJob job) =>
        JobTransition.Completed(new(job.Key, TimeProvider.System.GetUtcNow(), TimeProvider.System.GetUtcNow()), "1"u8.ToArray(), []);
}
