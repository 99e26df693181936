using System.Buffers;
using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Fairlead.Bench;

/// <summary>One direction of a connection.</summary>
internal sealed class ProxyLane(TcpProxy proxy, ProxiedConnection connection, Socket from, Socket to, bool toServer, CancellationToken cut)
{
    private const int ChunkSize = 128 * 1024;

    // What may be on its way at once: far more than a window of TCP, and not all memory.
    private const int MostChunks = 512;

    private readonly BlockingCollection<(byte[] Bytes, int Length, long Due)> _onItsWay = new(MostChunks);
    private int _late;
    private bool _sendsLate;

    /// <summary>Whether an exception means that the connection is no more.</summary>
    public static bool IsEnd(Exception error) => error is SocketException or ObjectDisposedException or OperationCanceledException or InvalidOperationException;

    /// <summary>Passes bytes on until either side ends.</summary>
    public void Run()
    {
        try
        {
            while (ReadOnce())
            {
            }
        }
        catch (Exception error) when (IsEnd(error))
        {
            connection.Cut();
        }
    }

    private bool ReadOnce()
    {
        var bytes = ArrayPool<byte>.Shared.Rent(ChunkSize);
        var length = from.Receive(bytes);
        var cutHere = toServer && proxy.CutAt is { } at && bytes.AsSpan(0, length).IndexOf(at.Text) >= 0 ? at : default((byte[] Text, bool PassedOn)?);
        if (toServer && proxy.StopAt is { } stop && bytes.AsSpan(0, length).IndexOf(stop) is > 0 and var stopsAt)
        {
            (bytes, length) = StopBefore(stopsAt, bytes, length);
        }
        if (cutHere is not null)
        {
            connection.IsMute = true;
        }
        if (cutHere is not { PassedOn: false })
        {
            Pass(bytes, length);
        }
        if (cutHere is not null)
        {
            proxy.CutAt = null;
            Drain();
            connection.Cut();
        }
        return length > 0 && cutHere is null;
    }

    /// <summary>Passes on what comes before, and swallows from there on.</summary>
    /// <returns>The rest, which waits.</returns>
    private (byte[] Bytes, int Length) StopBefore(int at, byte[] bytes, int length)
    {
        var rest = ArrayPool<byte>.Shared.Rent(ChunkSize);
        bytes.AsSpan(at, length - at).CopyTo(rest);
        proxy.StopAt = null;
        Pass(bytes, at);
        Drain();
        proxy.Swallow();
        return (rest, length - at);
    }

    private void Pass(byte[] bytes, int length)
    {
        var delay = toServer ? proxy.ToServer : proxy.ToClient;
        if (delay <= TimeSpan.Zero && Volatile.Read(ref _late) == 0)
        {
            Send(bytes, length);
            return;
        }
        if (!_sendsLate)
        {
            _sendsLate = true;
            TcpProxy.Start("sends late", static lane => lane.SendLate(), this);
        }
        Interlocked.Increment(ref _late);
        _onItsWay.Add((bytes, length, TimeProvider.System.GetTimestamp() + (long)(delay.TotalSeconds * TimeProvider.System.TimestampFrequency)), cut);
    }

    private void SendLate()
    {
        try
        {
            foreach (var (bytes, length, due) in _onItsWay.GetConsumingEnumerable(cut))
            {
                PreciseSleep.Until(due);
                Send(bytes, length);
                Interlocked.Decrement(ref _late);
            }
        }
        catch (Exception error) when (IsEnd(error))
        {
            connection.Cut();
        }
    }

    /// <summary>A length of nothing is the end of this direction.</summary>
    private void Send(byte[] bytes, int length)
    {
        proxy.Flows.Wait(cut);
        if (length == 0)
        {
            to.Shutdown(SocketShutdown.Send);
            connection.LaneEnded();
            return;
        }
        if (!toServer && proxy.SwallowAfter is { } left && (proxy.SwallowAfter = left - length) <= 0)
        {
            proxy.Swallow();
        }
        if (toServer || !connection.IsMute)
        {
            to.Send(bytes.AsSpan(0, length));
        }
        ArrayPool<byte>.Shared.Return(bytes);
    }

    /// <summary>Waits until the server has everything that was passed on: a reset would throw it away.</summary>
    private void Drain()
    {
        while (Volatile.Read(ref _late) > 0 || Unsent(to) > 0)
        {
            PreciseSleep.Until(TimeProvider.System.GetTimestamp() + TimeProvider.System.TimestampFrequency / 1000);
        }
    }

    private static int Unsent(Socket socket)
    {
        // TIOCOUTQ: bytes that the other side has not acknowledged.
        var count = 0;
        return ioctl((int)socket.Handle, 0x5411, ref count) == 0 ? count : 0;
    }

    [DllImport("libc")]
    private static extern int ioctl(int file, nuint request, ref int argument);
}
