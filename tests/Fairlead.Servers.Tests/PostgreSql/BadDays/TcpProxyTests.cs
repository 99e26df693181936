using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Fairlead.Bench;

namespace Fairlead.Servers.Tests.PostgreSql.BadDays;

/// <summary>The proxy of these tests does what it says: without that they would prove nothing.</summary>
public sealed class TcpProxyTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);
    private readonly Socket _listener = Listening();
    private readonly TcpProxy _proxy;

    public TcpProxyTests() => _proxy = TcpProxy.To(((IPEndPoint)_listener.LocalEndPoint!).Port);

    [Fact]
    public void Passes_bytes_both_ways_in_order_and_ends_in_order()
    {
        var (client, server) = Connect();
        using (client)
        using (server)
        {
            client.Send("question"u8);
            Assert.Equal("question", Read(server, 8));
            server.Send("answer"u8);
            server.Shutdown(SocketShutdown.Send);
            Assert.Equal("answer", Read(client, 6));
            Assert.Equal(0, client.Receive(new byte[1]));
        }
    }

    [Fact]
    public void A_delay_is_added_once_however_much_is_on_its_way()
    {
        _proxy.ToServer = TimeSpan.FromSeconds(2);
        var (client, server) = Connect();
        using (client)
        using (server)
        {
            foreach (var letter in "twenty bytes come to"u8)
            {
                client.Send([letter]);
            }
            Assert.False(server.Poll(TimeSpan.FromMilliseconds(200), SelectMode.SelectRead));
            // One after the other they would take forty seconds, and be given up by then.
            Assert.Equal("twenty bytes come to", Read(server, 20));
        }
    }

    [Fact]
    public void What_is_swallowed_arrives_when_the_network_is_back()
    {
        var (client, server) = Connect();
        using (client)
        using (server)
        {
            _proxy.Swallow();
            client.Send("late"u8);
            Assert.False(server.Poll(TimeSpan.FromMilliseconds(200), SelectMode.SelectRead));
            _proxy.PassOn();
            Assert.Equal("late", Read(server, 4));
        }
    }

    [Fact]
    public void Cuts_refuses_and_leads_elsewhere()
    {
        var (client, server) = Connect();
        _proxy.Refuse();
        Assert.Throws<SocketException>(() => Dial());
        _proxy.CutAll();
        Assert.Throws<SocketException>(() => client.Receive(new byte[1]));
        using var elsewhere = Listening();
        _proxy.Target = ((IPEndPoint)elsewhere.LocalEndPoint!).Port;
        _proxy.Accept();
        using var again = Dial();
        again.Send("here"u8);
        using var accepted = elsewhere.Accept();
        Assert.Equal("here", Read(accepted, 4));
        client.Dispose();
        server.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Cuts_at_a_text_that_the_server_has_got_or_not(bool passedOn)
    {
        var (client, server) = Connect();
        using (client)
        using (server)
        {
            _proxy.CutAt = ("COMMIT"u8.ToArray(), passedOn);
            client.Send("BEGIN"u8);
            Assert.Equal("BEGIN", Read(server, 5));
            client.Send("COMMIT"u8);
            Assert.Throws<SocketException>(() => client.Receive(new byte[1]));
            if (passedOn)
            {
                Assert.Equal("COMMIT", Read(server, 6));
            }
            else
            {
                Assert.Throws<SocketException>(() => server.Receive(new byte[1]));
            }
        }
    }

    public void Dispose()
    {
        _proxy.Dispose();
        _listener.Dispose();
    }

    private (Socket Client, Socket Server) Connect()
    {
        var client = Dial();
        var server = _listener.Accept();
        server.ReceiveTimeout = (int)s_patience.TotalMilliseconds;
        return (client, server);
    }

    private Socket Dial()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = (int)s_patience.TotalMilliseconds, NoDelay = true };
        client.Connect(IPAddress.Loopback, _proxy.Port);
        return client;
    }

    private static Socket Listening()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        return listener;
    }

    private static string Read(Socket socket, int length)
    {
        var (bytes, began) = (new byte[length], Stopwatch.GetTimestamp());
        for (var at = 0; at < length;)
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < s_patience, "It did not come.");
            var read = socket.Receive(bytes.AsSpan(at));
            Assert.NotEqual(0, read);
            at += read;
        }
        return System.Text.Encoding.ASCII.GetString(bytes);
    }
}
