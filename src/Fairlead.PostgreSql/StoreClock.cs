namespace Fairlead.PostgreSql;

/// <summary>The one place where this store reads time: the server's clock, or one that is given in its place.</summary>
internal sealed class StoreClock(TimeProvider? instead)
{
    /// <summary>The time now.</summary>
    public DateTimeOffset Time(Statements sql) => instead is null ? Moment.From(sql["now"].Number()!.Value) : instead.GetUtcNow();

    /// <summary>The time, where the server was asked for it together with something else.</summary>
    public DateTimeOffset Time(DateTimeOffset ofServer) => instead?.GetUtcNow() ?? ofServer;

    /// <summary>The same in microseconds.</summary>
    public long Now(Statements sql) => Moment.Of(Time(sql));
}
