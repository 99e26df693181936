using Microsoft.Data.Sqlite;

namespace Fairlead.Sqlite;

/// <summary>Says whether anybody else has committed to the file since the last look; costs one read of the shared index.</summary>
internal sealed class DataVersion : IDisposable
{
    private readonly SqliteConnection connection;
    private readonly Statements statements;
    private long last;

    public DataVersion(DatabaseFile file)
    {
        connection = file.OpenReader();
        statements = new Statements(connection.Handle!);
        last = Current();
    }

    public bool Changed()
    {
        var now = Current();
        var changed = now != last;
        last = now;
        return changed;
    }

    public void Dispose()
    {
        statements.Dispose();
        connection.Dispose();
    }

    private long Current() => statements["data_version"].Number() ?? 0;
}
