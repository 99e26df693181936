namespace Fairlead.Processes.Pools;

/// <summary>Cuts bytes into lines, whatever the pieces in which they come; a line that is longer than allowed is noticed, not kept.</summary>
internal sealed class LineReader(int longest)
{
    private const int Small = 64 * 1024;
    private byte[] _begun = [];
    private int _length;

    /// <summary>True once a line was longer than allowed: nothing more is read.</summary>
    public bool IsTooLong { get; private set; }

    /// <summary>True where a longer line is given away in pieces instead.</summary>
    public bool CutsLongOnes { get; init; }

    /// <summary>Takes what was read and gives whole lines away, without their ends.</summary>
    public void Read(ReadOnlySpan<byte> bytes, LineTaker take)
    {
        while (!IsTooLong && bytes.IndexOf((byte)'\n') is >= 0 and var end)
        {
            Complete(bytes[..end], take);
            bytes = bytes[(end + 1)..];
        }
        Begin(bytes, take);
    }

    /// <summary>Gives away a line that was begun and not ended.</summary>
    public void Finish(LineTaker take)
    {
        if (_length > 0 && !IsTooLong)
        {
            Complete(default, take);
        }
    }

    private void Begin(ReadOnlySpan<byte> bytes, LineTaker take)
    {
        while (CutsLongOnes && _length + bytes.Length > longest)
        {
            var piece = longest - _length;
            Complete(bytes[..piece], take);
            bytes = bytes[piece..];
        }
        Keep(bytes);
    }

    private void Complete(ReadOnlySpan<byte> rest, LineTaker take)
    {
        if (_length + rest.Length > longest && CutsLongOnes)
        {
            Begin(rest, take);
            Finish(take);
        }
        else if (_length + rest.Length > longest)
        {
            IsTooLong = true;
        }
        else if (_length == 0)
        {
            take(rest);
        }
        else
        {
            Keep(rest);
            take(_begun.AsSpan(0, _length));
            _length = 0;
            _begun = _begun.Length > Small ? [] : _begun;
        }
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (IsTooLong || bytes.IsEmpty)
        {
            return;
        }
        if (_length + bytes.Length > longest)
        {
            (IsTooLong, _begun, _length) = (true, [], 0);
            return;
        }
        if (_begun.Length < _length + bytes.Length)
        {
            Array.Resize(ref _begun, Math.Max(_length + bytes.Length, Math.Max(_begun.Length * 2, 4096)));
        }
        bytes.CopyTo(_begun.AsSpan(_length));
        _length += bytes.Length;
    }
}
