using System.Net;
using System.Net.Sockets;

namespace Fairlead.Bench;

/// <summary>One connection through a <see cref="TcpProxy" />.</summary>
internal sealed class ProxiedConnection(TcpProxy proxy, Socket client, int number)
{
    private readonly CancellationTokenSource _cut = new();
    private readonly Socket _server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private int _ended;
    private volatile bool _isMute;

    /// <summary>Its place in the order in which they came, from 1.</summary>
    public int Number => number;

    /// <summary>True when its client hears nothing any more: it is about to be cut.</summary>
    public bool IsMute { get => _isMute; set => _isMute = value; }

    /// <summary>Resets it on both sides, whatever is on its way.</summary>
    public void Cut()
    {
        proxy.Gone(this);
        _cut.Cancel();
        foreach (var socket in (Socket[])[client, _server])
        {
            try
            {
                socket.LingerState = new LingerOption(true, 0);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // It is closed already.
            }
            socket.Dispose();
        }
    }

    /// <summary>Connects to the server and passes bytes on from then on.</summary>
    public void Connect()
    {
        try
        {
            client.NoDelay = true;
            proxy.Flows.Wait(_cut.Token);
            _server.Connect(IPAddress.Loopback, proxy.Target);
        }
        catch (Exception error) when (ProxyLane.IsEnd(error))
        {
            Cut();
            return;
        }
        TcpProxy.Start("to client", static lane => lane.Run(), new ProxyLane(proxy, this, _server, client, toServer: false, _cut.Token));
        new ProxyLane(proxy, this, client, _server, toServer: true, _cut.Token).Run();
    }

    /// <summary>One of the two directions has come to its end in good order.</summary>
    public void LaneEnded()
    {
        if (Interlocked.Increment(ref _ended) == 2)
        {
            proxy.Gone(this);
            client.Dispose();
            _server.Dispose();
        }
    }
}
