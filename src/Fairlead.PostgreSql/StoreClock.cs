namespace Fairlead.PostgreSql;

/// <summary>The one place where this store reads time: the server's clock, or one that is given in its place.</summary>
internal sealed class StoreClock(TimeProvider? instead)
{
    /// <summary>By what this store measures how long something took here.</summary>
    public TimeProvider Watch { get; } = instead ?? TimeProvider.System;

    /// <summary>What passes while threads wait, whatever clock is given.</summary>
    public TimeProvider Real => TimeProvider.System;

    /// <summary>The time given in the place of the server's, in microseconds; null where the server's counts.</summary>
    public long? Given => instead is null ? null : Moment.Of(instead.GetUtcNow());

    /// <summary>The time now.</summary>
    public DateTimeOffset Time(Statements sql) => instead is null ? Moment.From(sql["now"].Number()!.Value) : instead.GetUtcNow();

    /// <summary>The time, where the server was asked for it together with something else.</summary>
    public DateTimeOffset Time(DateTimeOffset ofServer) => instead?.GetUtcNow() ?? ofServer;

    /// <summary>The same in microseconds.</summary>
    public long Now(Statements sql) => Moment.Of(Time(sql));
}
