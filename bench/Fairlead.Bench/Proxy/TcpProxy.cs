using System.Net;
using System.Net.Sockets;

namespace Fairlead.Bench;

/// <summary>
/// A network that can be made bad: a TCP proxy on a free port of this machine. It passes bytes on both ways, later if told so, and can swallow, cut, refuse,
/// and lead elsewhere. Two threads and plain blocking calls per connection, so that it adds what it is told to and little of its own.
/// </summary>
internal sealed class TcpProxy : IDisposable
{
    private readonly Lock _gate = new();
    private readonly HashSet<ProxiedConnection> _open = [];
    private Socket? _listener;
    private volatile int _target;
    private int _accepted;

    private TcpProxy(int target)
    {
        _target = target;
        Accept();
    }

    /// <summary>A proxy in front of a port of this machine.</summary>
    public static TcpProxy To(int target) => new(target);

    /// <summary>Where it listens, on 127.0.0.1. It keeps its port while it refuses.</summary>
    public int Port { get; private set; }

    /// <summary>The port on 127.0.0.1 that new connections lead to.</summary>
    public int Target { get => _target; set => _target = value; }

    /// <summary>How much later bytes arrive at the server. A byte's delay holds up no later byte.</summary>
    public TimeSpan ToServer { get; set; }

    /// <summary>How much later bytes arrive at the client.</summary>
    public TimeSpan ToClient { get; set; }

    /// <summary>How many connections there were.</summary>
    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>Those that are open, the oldest first.</summary>
    public IReadOnlyList<ProxiedConnection> Open
    {
        get
        {
            lock (_gate)
            {
                return [.. _open.OrderBy(static connection => connection.Number)];
            }
        }
    }

    /// <summary>When set, a text that cuts the connection on which it is sent to the server, and whether the server gets it before: its answer is lost then.</summary>
    public (byte[] Text, bool PassedOn)? CutAt { get; set; }

    /// <summary>When set, a text after whose place nothing more is passed on, on any connection: the server has the beginning of a message, and never its end.</summary>
    public byte[]? StopAt { get; set; }

    /// <summary>When set, how many more bytes reach clients, all together, before everything is swallowed.</summary>
    public long? SwallowAfter { get; set; }

    /// <summary>False while everything is swallowed.</summary>
    public bool IsFlowing => Flows.IsSet;

    /// <summary>Open while bytes are passed on.</summary>
    internal ManualResetEventSlim Flows { get; } = new(initialState: true);

    /// <summary>From now on nothing arrives anywhere, and nobody is told. New connections are accepted and lead nowhere.</summary>
    public void Swallow() => Flows.Reset();

    /// <summary>The end of <see cref="Swallow" />: what was sent meanwhile arrives now, as after a network's outage.</summary>
    public void PassOn()
    {
        SwallowAfter = null;
        Flows.Set();
    }

    /// <summary>New connections are refused; those that are open stay.</summary>
    public void Refuse()
    {
        lock (_gate)
        {
            _listener?.Dispose();
            _listener = null;
        }
    }

    /// <summary>The end of <see cref="Refuse" />.</summary>
    public void Accept()
    {
        lock (_gate)
        {
            if (_listener is not null)
            {
                return;
            }
            _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            _listener.Bind(new IPEndPoint(IPAddress.Loopback, Port));
            _listener.Listen(512);
            Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
            Start("accepts", Accept, _listener);
        }
    }

    /// <summary>Resets every open connection, on both sides.</summary>
    public void CutAll()
    {
        foreach (var connection in Open)
        {
            connection.Cut();
        }
    }

    public void Dispose()
    {
        Refuse();
        CutAll();
    }

    /// <summary>Starts a thread of the proxy.</summary>
    internal static void Start<T>(string does, Action<T> work, T with) =>
        new Thread(() => work(with), maxStackSize: 256 * 1024) { IsBackground = true, Name = $"proxy {does}" }.Start();

    internal void Gone(ProxiedConnection connection)
    {
        lock (_gate)
        {
            _open.Remove(connection);
        }
    }

    private void Accept(Socket listener)
    {
        try
        {
            while (true)
            {
                var connection = new ProxiedConnection(this, listener.Accept(), Interlocked.Increment(ref _accepted));
                lock (_gate)
                {
                    _open.Add(connection);
                }
                Start("connects", static connection => connection.Connect(), connection);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It refuses from now on.
        }
    }
}
