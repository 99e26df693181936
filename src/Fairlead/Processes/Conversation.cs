namespace Fairlead.Processes;

/// <summary>
/// The node's side of a program that is talked to: the three pipes to it, and what it has not read yet. Anyone may write; all else is for
/// the thread that serves it (see <see cref="WardenLink" />).
/// </summary>
internal sealed unsafe class Conversation
{
    /// <summary>How much is read from one output before the others have their turn, in bytes.</summary>
    internal const int Turn = 64 * 1024;

    private const int MostTurnsAtEnd = 32;
    private readonly Lock _gate = new();
    private readonly ByteQueue _unread = new();
    private readonly LentPipe _input;
    private readonly LentPipe _output;
    private readonly LentPipe _error;
    private bool _closesInput;
    private bool _isStarted;

    private Conversation(LentPipe input, LentPipe output, LentPipe error)
    {
        (_input, _output, _error) = (input, output, error);
        Paths = [input.Path, output.Path, error.Path];
    }

    /// <summary>Where the warden finds the program's standard input, output and error.</summary>
    internal string[] Paths { get; }

    /// <summary>Makes the pipes; null when they cannot be had.</summary>
    internal static Conversation? TryMake(bool named)
    {
        var pipes = new[] { LentPipe.TryMake(lendsRead: true, named), LentPipe.TryMake(lendsRead: false, named), LentPipe.TryMake(lendsRead: false, named) };
        if (pipes is [{ } input, { } output, { } error])
        {
            return new Conversation(input, output, error);
        }
        foreach (var pipe in pipes)
        {
            pipe?.TakeBack();
            pipe?.Close();
        }
        return null;
    }

    /// <summary>Writes what the pipe takes and keeps the rest; true when that needs the serving thread's attention from now on.</summary>
    internal bool Write(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            if (_input.Own < 0 || _closesInput)
            {
                return false;
            }
            var wasIdle = _unread.IsEmpty;
            var rest = wasIdle ? Put(bytes) : bytes;
            if (rest.IsEmpty)
            {
                return false;
            }
            _unread.Append(rest);
            return wasIdle;
        }
    }

    /// <summary>Closes its input behind all that was written.</summary>
    internal void CloseInput()
    {
        lock (_gate)
        {
            _closesInput = true;
            if (_unread.IsEmpty)
            {
                _input.Close();
            }
        }
    }

    /// <summary>The program runs: from now on only it holds the other ends.</summary>
    internal void Started()
    {
        _isStarted = true;
        TakeBack();
    }

    internal void AddTo(PollList polls)
    {
        polls.Add(_output.Own, Libc.POLLIN);
        polls.Add(_error.Own, Libc.POLLIN);
        lock (_gate)
        {
            polls.Add(_unread.IsEmpty ? -1 : _input.Own, Libc.POLLOUT);
        }
    }

    /// <summary>Does what <see cref="AddTo" /> waited for.</summary>
    internal void Serve(PollList polls, IProcessOutput output, Span<byte> buffer)
    {
        if (polls.Next() != 0)
        {
            Read(_output, isError: false, output, buffer);
        }
        if (polls.Next() != 0)
        {
            Read(_error, isError: true, output, buffer);
        }
        if (polls.Next() != 0)
        {
            Push();
        }
    }

    /// <summary>Nobody of the program is left: reads what is in the pipes, and all if nobody else holds them, and closes them.</summary>
    internal void Finish(IProcessOutput output, Span<byte> buffer)
    {
        if (_isStarted)
        {
            Drain(_output, isError: false, output, buffer);
            Drain(_error, isError: true, output, buffer);
        }
        Close();
    }

    /// <summary>Closes everything.</summary>
    internal void Close()
    {
        TakeBack();
        _output.Close();
        _error.Close();
        lock (_gate)
        {
            _unread.Clear();
            _input.Close();
        }
    }

    private void TakeBack()
    {
        _input.TakeBack();
        _output.TakeBack();
        _error.TakeBack();
    }

    private static void Drain(LentPipe pipe, bool isError, IProcessOutput output, Span<byte> buffer)
    {
        for (var i = 0; i < MostTurnsAtEnd && Read(pipe, isError, output, buffer); i++)
        {
        }
        End(pipe, isError, output);
    }

    /// <summary>Reads once; true when there may be more at once.</summary>
    private static bool Read(LentPipe pipe, bool isError, IProcessOutput output, Span<byte> buffer)
    {
        if (pipe.Own < 0)
        {
            return false;
        }
        nint read;
        fixed (byte* start = buffer)
        {
            read = Libc.ReadAgain(pipe.Own, start, buffer.Length);
        }
        if (read > 0)
        {
            output.Wrote(isError, buffer[..(int)read], 0);
            return true;
        }
        if (read == 0 || Libc.LastError != Libc.EAGAIN)
        {
            End(pipe, isError, output);
        }
        return false;
    }

    private static void End(LentPipe pipe, bool isError, IProcessOutput output)
    {
        if (pipe.Own >= 0)
        {
            pipe.Close();
            output.Closed(isError);
        }
    }

    private void Push()
    {
        lock (_gate)
        {
            if (_input.Own < 0)
            {
                return;
            }
            var waiting = _unread.Pending;
            _unread.Consume(waiting.Length - Put(waiting).Length);
            if (_closesInput && _unread.IsEmpty)
            {
                _input.Close();
            }
        }
    }

    /// <summary>Returns what did not fit.</summary>
    private ReadOnlySpan<byte> Put(ReadOnlySpan<byte> bytes)
    {
        nint written;
        fixed (byte* start = bytes)
        {
            written = bytes.IsEmpty ? 0 : Libc.WriteAgain(_input.Own, start, bytes.Length);
        }
        if (written >= 0)
        {
            return bytes[(int)written..];
        }
        if (Libc.LastError == Libc.EAGAIN)
        {
            return bytes;
        }
        // Nobody will ever read it.
        _input.Close();
        return default;
    }
}
