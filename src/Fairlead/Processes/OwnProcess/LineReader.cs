namespace Fairlead.Processes.OwnProcess;

/// <summary>Lines from a descriptor, of any length. Blocks the thread that reads.</summary>
internal sealed unsafe class LineReader(int fd)
{
    private const int Room = 64 * 1024;
    private const int LeastRoom = 4 * 1024;
    private const byte NewLine = (byte)'\n';
    private byte[] _buffer = new byte[Room];
    private int _start;
    private int _looked;
    private int _end;

    /// <summary>The next line without its end, good until the next call; false at the end of input, or an error, which is the same here.</summary>
    public bool TryRead(out ReadOnlySpan<byte> line)
    {
        int length;
        while ((length = _buffer.AsSpan(_looked, _end - _looked).IndexOf(NewLine)) < 0)
        {
            _looked = _end;
            if (!Fill())
            {
                // A last line without its end is still one.
                line = _buffer.AsSpan(_start, _end - _start);
                _start = _looked = _end;
                return !line.IsEmpty;
            }
        }
        var end = _looked + length;
        line = _buffer.AsSpan(_start, end - _start);
        _start = _looked = end + 1;
        return true;
    }

    private bool Fill()
    {
        MakeRoom();
        fixed (byte* free = &_buffer[_end])
        {
            var read = Libc.ReadAgain(fd, free, _buffer.Length - _end);
            _end += Math.Max(0, (int)read);
            return read > 0;
        }
    }

    /// <summary>Moves what is left to the front; grows for a long line, and forgets that it grew when it is over.</summary>
    private void MakeRoom()
    {
        var left = _end - _start;
        if (left > 0 && _buffer.Length - _end >= LeastRoom)
        {
            return;
        }
        var target = left == 0 ? (_buffer.Length > 16 * Room ? new byte[Room] : _buffer)
            : left > _buffer.Length / 2 ? new byte[_buffer.Length * 2]
            : _buffer;
        Buffer.BlockCopy(_buffer, _start, target, 0, left);
        (_buffer, _looked, _start, _end) = (target, _looked - _start, 0, left);
    }
}
