using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Fairlead.Storage;

namespace Fairlead.Sqlite;

/// <summary>
/// Hints between processes: each listening store has a datagram socket beside the file, and who commits sends one byte to each.
/// Nothing depends on them: a full, stale or missing socket is passed over.
/// </summary>
internal sealed class WakeUpSocket : IDisposable
{
    // sun_path holds 108 bytes on Linux and 104 on macOS.
    private const int LongestPath = 100;

    private readonly string folder;
    private readonly Lock gate = new();
    private readonly byte[] message = new byte[1];
    private Socket? sender;
    private Socket? receiver;
    private string? ownPath;
    private UnixDomainSocketEndPoint[] others = [];
    private DateTime listedAt;

    public WakeUpSocket(string nodesFolder) => folder = FolderFor(nodesFolder);

    /// <summary>Begins to receive; <paramref name="onSignal" /> is called with everything that had come by then.</summary>
    public void Listen(string name, Action<StoreSignals> onSignal)
    {
        Directory.CreateDirectory(folder);
        ownPath = Path.Combine(folder, name + ".sock");
        File.Delete(ownPath);
        receiver = New();
        receiver.Bind(new UnixDomainSocketEndPoint(ownPath));
        _ = ReceiveAsync(receiver, onSignal);
    }

    /// <summary>Tells every other listener. Never blocks, never throws.</summary>
    public void Send(StoreSignals signals)
    {
        try
        {
            lock (gate)
            {
                message[0] = (byte)signals;
                foreach (var other in Others())
                {
                    SendTo(other);
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or SocketException or ObjectDisposedException)
        {
            // The folder went away under our feet, say: a hint is not worth more than this.
        }
    }

    public void Dispose()
    {
        receiver?.Dispose();
        sender?.Dispose();
        if (ownPath is not null)
        {
            File.Delete(ownPath);
        }
    }

    private static Socket New() => new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };

    private static string FolderFor(string nodesFolder) =>
        Encoding.UTF8.GetByteCount(nodesFolder) + 24 <= LongestPath ? nodesFolder
            : Path.Combine(Path.GetTempPath(), "fairlead-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(nodesFolder)))[..16]);

    private static async Task ReceiveAsync(Socket socket, Action<StoreSignals> onSignal)
    {
        var buffer = new byte[16];
        try
        {
            while (true)
            {
                var signals = StoreSignals.None;
                await socket.ReceiveAsync(buffer);
                do
                {
                    signals |= (StoreSignals)buffer[0];
                }
                while (socket.Poll(0, SelectMode.SelectRead) && socket.Receive(buffer) > 0);
                onSignal(signals);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Closed, or not to be had on this system: the poll behind the hints goes on.
        }
    }

    // The folder's time tells of new sockets for the price of one stat; listing it at every commit would cost more than the commit's statements.
    private UnixDomainSocketEndPoint[] Others()
    {
        var changed = Directory.GetLastWriteTimeUtc(folder);
        if (changed != listedAt)
        {
            listedAt = changed;
            others = Directory.Exists(folder)
                ? [.. Directory.EnumerateFiles(folder, "*.sock").Where(p => p != ownPath).Select(p => new UnixDomainSocketEndPoint(p))]
                : [];
        }
        return others;
    }

    private void SendTo(UnixDomainSocketEndPoint other)
    {
        try
        {
            sender ??= New();
            sender.SendTo(message, other);
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.ConnectionRefused)
        {
            // Its process is gone without having cleaned up.
            File.Delete(other.ToString());
        }
        catch (SocketException)
        {
            // Full, or gone between listing and sending.
        }
    }
}
