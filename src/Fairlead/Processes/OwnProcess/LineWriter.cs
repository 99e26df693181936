using System.Buffers;

namespace Fairlead.Processes.OwnProcess;

/// <summary>
/// Puts lines on a descriptor, many with one call of the system: whoever comes while nobody writes, writes, and takes along what others add
/// meanwhile. No thread of its own, so that a quick job wakes nobody. Safe from any thread.
/// </summary>
internal sealed unsafe class LineWriter(int fd)
{
    private const int MostWaiting = 16 * 1024 * 1024;
    private const int MostKept = 1024 * 1024;
    private readonly object _gate = new();
    private ArrayBufferWriter<byte> _filling = new(4096);
    private ArrayBufferWriter<byte> _writing = new(4096);
    private bool _isWriting;
    private volatile bool _isBroken;

    /// <summary>True when nobody reads any more: what is written then is lost.</summary>
    public bool IsBroken => _isBroken;

    /// <summary>Writes whole lines; those of one call stay together. Waits only when 16 MiB are not read yet.</summary>
    public void Write(ReadOnlySpan<byte> lines)
    {
        lock (_gate)
        {
            while (_isWriting && _filling.WrittenCount > MostWaiting && !_isBroken)
            {
                Monitor.Wait(_gate);
            }
            _filling.Write(lines);
            if (_isWriting)
            {
                return;
            }
            _isWriting = true;
        }
        Drain();
    }

    /// <summary>Waits until all that was added has been written by whoever writes.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            while (_isWriting)
            {
                Monitor.Wait(_gate);
            }
        }
    }

    private void Drain()
    {
        while (TakeAll())
        {
            WriteAll(_writing.WrittenSpan);
        }
    }

    private bool TakeAll()
    {
        lock (_gate)
        {
            _writing = _writing.Capacity > MostKept ? new(4096) : _writing;
            _writing.ResetWrittenCount();
            (_filling, _writing) = (_writing, _filling);
            _isWriting = _writing.WrittenCount > 0 && !_isBroken;
            Monitor.PulseAll(_gate);
            return _isWriting;
        }
    }

    private void WriteAll(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            fixed (byte* first = bytes)
            {
                var written = Libc.WriteAgain(fd, first, bytes.Length);
                if (written <= 0)
                {
                    _isBroken = true;
                    return;
                }
                bytes = bytes[(int)written..];
            }
        }
    }
}
