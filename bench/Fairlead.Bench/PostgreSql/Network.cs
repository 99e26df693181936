namespace Fairlead.Bench.PostgreSql;

/// <summary>The way to a server through a proxy that makes each round trip longer, half of it each way.</summary>
internal sealed class Network(int target, TimeSpan roundTrip) : IDisposable
{
    private readonly TcpProxy proxy = Between(target, roundTrip);

    public int Port => proxy.Port;

    public void Dispose() => proxy.Dispose();

    private static TcpProxy Between(int target, TimeSpan roundTrip)
    {
        var between = TcpProxy.To(target);
        (between.ToServer, between.ToClient) = (roundTrip / 2, roundTrip / 2);
        return between;
    }
}
