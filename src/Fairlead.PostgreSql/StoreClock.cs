namespace Fairlead.PostgreSql;

/// <summary>The one place where this store reads time: the server's clock, or one that is given in its place.</summary>
internal sealed class StoreClock(TimeProvider? instead)
{
    /// <summary>The time now, in microseconds.</summary>
    public long Now(Statements sql) => instead is null ? sql["now"].Number()!.Value : Moment.Of(instead.GetUtcNow());
}
