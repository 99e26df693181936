namespace Fairlead.Processes;

/// <summary>What <c>poll</c> waits for, in an order its user knows: filled from front to back, then read from front to back.</summary>
internal sealed unsafe class PollList
{
    private Libc.PollFd[] _fds = new Libc.PollFd[64];
    private int _count;
    private int _read;

    internal bool HasMore => _read < _count;

    internal void Clear() => (_count, _read) = (0, 0);

    /// <summary>Adds one place; a descriptor of -1 keeps the place and is never ready.</summary>
    internal void Add(int fd, short events)
    {
        if (_count == _fds.Length)
        {
            Array.Resize(ref _fds, _count * 2);
        }
        _fds[_count++] = new Libc.PollFd { Fd = fd, Events = events };
    }

    /// <summary>Waits for any of them, at most so many milliseconds; -1 for ever.</summary>
    internal void Wait(int milliseconds)
    {
        fixed (Libc.PollFd* fds = _fds)
        {
            if (Libc.Poll(fds, (nuint)_count, milliseconds) >= 0)
            {
                return;
            }
        }
        for (var i = 0; i < _count; i++)
        {
            _fds[i].Revents = 0;
        }
    }

    /// <summary>What became of the next place; 0 for nothing.</summary>
    internal short Next() => _fds[_read++].Revents;

    internal PollList Skip(int places)
    {
        _read += places;
        return this;
    }
}
