namespace Fairlead.PostgreSql;

/// <summary>
/// Since which transaction of the server arrivals count: what older ones brought is taken in, or was never committed. So nobody looks through the remains of all
/// that ever came in, which the server keeps as long as somebody's old snapshot could see them.
/// </summary>
internal sealed class ArrivalHorizon
{
    private long value;

    public long Value
    {
        get => Volatile.Read(ref value);
        set => Volatile.Write(ref this.value, value);
    }

    public void Reset() => Value = 0;
}
