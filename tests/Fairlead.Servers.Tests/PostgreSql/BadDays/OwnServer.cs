using Fairlead.Bench;
using Fairlead.PostgreSql;
using Npgsql;

namespace Fairlead.Servers.Tests.PostgreSql.BadDays;

/// <summary>A server that one class of tests may mistreat as it likes, crashes included, which it therefore must survive; each test has a schema of its own on it.</summary>
public sealed class OwnServer : IAsyncLifetime
{
    private int _schemas;

    internal PostgreSqlServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await PostgreSqlServer.StartAsync(durable: true);

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    /// <summary>Another schema.</summary>
    internal string NewSchema() => $"bad{Interlocked.Increment(ref _schemas)}";

    /// <summary>How a store reaches a schema, directly or through a proxy. It has patience with a machine that does much else.</summary>
    internal PostgreSqlStoreOptions Options(string schema, int? port = null)
    {
        var impatient = OptionsOfItsOwn(schema, port);
        return impatient with { ConnectionString = impatient.ConnectionString + ";Timeout=60;Command Timeout=60" };
    }

    /// <summary>The same with the time limits that a store has by itself.</summary>
    internal PostgreSqlStoreOptions OptionsOfItsOwn(string schema, int? port = null) =>
        new() { ConnectionString = $"Host=127.0.0.1;Port={port ?? Server.Port};Username=postgres;Database=postgres;Application Name={schema}", Schema = schema };

    /// <summary>A number out of the server.</summary>
    internal async Task<long> NumberAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Server.ConnectionString() + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return Convert.ToInt64(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture);
    }
}
