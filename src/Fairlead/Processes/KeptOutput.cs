namespace Fairlead.Processes;

/// <summary>
/// Keeps one output of one process within bounds: its first half is passed on at once, and of the rest only the newest, as much as
/// the other half, is held until the end. What lies between is counted and forgotten, so that nobody who writes is ever held up.
/// </summary>
internal sealed class KeptOutput(int keep)
{
    private readonly int _tailSize = Math.Max(keep / 2, 1);
    private int _headLeft = Math.Max(keep / 2, 1);
    private byte[]? _ring;
    private long _taken;

    /// <summary>How many bytes of the tail were pushed out by newer ones.</summary>
    internal long LeftOut => Math.Max(_taken - _tailSize, 0);

    /// <summary>Takes what was read; returns the part that is to be passed on at once.</summary>
    internal ReadOnlySpan<byte> Take(ReadOnlySpan<byte> bytes)
    {
        var head = Math.Min(_headLeft, bytes.Length);
        _headLeft -= head;
        Hold(bytes[head..]);
        return bytes[..head];
    }

    /// <summary>What was held, oldest first, in two parts.</summary>
    internal void Tail(out ReadOnlySpan<byte> older, out ReadOnlySpan<byte> newer)
    {
        older = newer = default;
        if (_ring is null)
        {
            return;
        }
        var end = (int)(_taken % _tailSize);
        newer = _ring.AsSpan(0, end);
        older = _taken > _tailSize ? _ring.AsSpan(end) : default;
        if (_taken == _tailSize)
        {
            older = _ring;
        }
    }

    private void Hold(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return;
        }
        _ring ??= new byte[_tailSize];
        if (bytes.Length > _tailSize)
        {
            _taken += bytes.Length - _tailSize;
            bytes = bytes[^_tailSize..];
        }
        var at = (int)(_taken % _tailSize);
        var first = Math.Min(bytes.Length, _tailSize - at);
        bytes[..first].CopyTo(_ring.AsSpan(at));
        bytes[first..].CopyTo(_ring);
        _taken += bytes.Length;
    }
}
