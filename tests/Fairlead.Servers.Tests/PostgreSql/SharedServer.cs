using Fairlead.Bench;
using Fairlead.Servers.Tests.PostgreSql;

[assembly: AssemblyFixture(typeof(SharedServer))]

namespace Fairlead.Servers.Tests.PostgreSql;

/// <summary>One PostgreSQL server for all tests of function, each in a schema of its own. Started by the first that asks.</summary>
public sealed class SharedServer : IAsyncDisposable
{
    private readonly SemaphoreSlim _starting = new(1);
    private PostgreSqlServer? _server;
    private int _schemas;

    internal async Task<PostgreSqlServer> ServerAsync()
    {
        await _starting.WaitAsync();
        try
        {
            return _server ??= await PostgreSqlServer.StartAsync(durable: false);
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>A connection string, and the name of a schema that nobody else has.</summary>
    public async Task<(string ConnectionString, string Schema)> NewSchemaAsync() =>
        ((await ServerAsync()).ConnectionString(), $"s{Interlocked.Increment(ref _schemas)}");

    public async ValueTask DisposeAsync()
    {
        _starting.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}
