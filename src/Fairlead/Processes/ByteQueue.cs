namespace Fairlead.Processes;

/// <summary>Bytes that wait to be written, oldest first; grows as needed and shrinks when it is empty.</summary>
internal sealed class ByteQueue
{
    private const int Small = 64 * 1024;
    private byte[] _buffer = [];
    private int _start;
    private int _end;

    internal Span<byte> Pending => _buffer.AsSpan(_start, _end - _start);

    internal bool IsEmpty => _start == _end;

    internal void Append(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Room(bytes.Length));

    /// <summary>So many new bytes at the end, to be filled.</summary>
    internal Span<byte> Room(int count)
    {
        if (_buffer.Length - _end < count)
        {
            Grow(count);
        }
        _end += count;
        return _buffer.AsSpan(_end - count, count);
    }

    /// <summary>Takes bytes that were written off the front.</summary>
    internal void Consume(int count)
    {
        _start += count;
        if (_start < _end)
        {
            return;
        }
        _start = _end = 0;
        if (_buffer.Length > Small * 16)
        {
            _buffer = [];
        }
    }

    internal void Clear() => Consume(_end - _start);

    private void Grow(int count)
    {
        var waiting = _end - _start;
        var size = Math.Max(Math.Max(_buffer.Length * 2, Small), waiting + count);
        var target = waiting + count <= _buffer.Length / 2 ? _buffer : new byte[size];
        Buffer.BlockCopy(_buffer, _start, target, 0, waiting);
        _buffer = target;
        (_start, _end) = (0, waiting);
    }
}
