using System.Buffers.Binary;
using System.Text;

namespace Fairlead.Processes;

/// <summary>
/// What a node and its warden say to each other, over the warden's standard input and output. A frame is its length (4 bytes,
/// without itself), its type (1 byte), and its fields in the order given here; numbers are little-endian, a text or a run of bytes is its
/// length (4 bytes) and its bytes, a list is its count (4 bytes) and its members, a time is milliseconds (8 bytes; -1 for none).
/// <code>
/// node → warden                                                      warden → node
/// hello      version, lease, mark, rung, list of environment         ready    version, pid, rung, detail
/// start      id, mark, list of arguments, list of environment,       started  id, pid
///            directory, timeout, kill_after, keep, input,            output   id, stream, bytes left out before, bytes
///            list of pipes                                           ended    see <see cref="ProcessExit" />
/// stop       id                                                      pulse    number
/// deadline   id, time until SIGTERM, kill_after
/// heartbeat  number
/// bye        (ends everything, then the warden)
/// </code>
/// A program that is talked to has three pipes, the paths of its standard input, output and error, which the warden opens and closes again: what
/// goes through them is none of its business. For all others that list is empty, and the warden reads what they write.
/// Neither side waits for the other's answer; an id is never used twice. A side that closes its pipe is gone.
/// </summary>
internal static class WardenProtocol
{
    internal const int Version = 2;

    /// <summary>A frame longer than this is nonsense: the other side is not who it should be.</summary>
    internal const int MaxFrame = 256 * 1024 * 1024;
}

/// <summary>The types of frames.</summary>
internal enum FrameType : byte
{
    Hello = 1,
    Start = 2,
    Stop = 3,
    Heartbeat = 4,
    Bye = 5,
    Deadline = 6,
    Ready = 65,
    Started = 66,
    Output = 67,
    Ended = 68,
    Pulse = 69,
}

/// <summary>Bytes that wait to be written, as whole frames.</summary>
internal sealed class FrameWriter
{
    private readonly ByteQueue _bytes = new();
    private int _frame;

    internal ReadOnlySpan<byte> Pending => _bytes.Pending;

    internal bool IsEmpty => _bytes.IsEmpty;

    internal FrameWriter Begin(FrameType type)
    {
        _frame = _bytes.Pending.Length;
        Int32(0);
        return Byte((byte)type);
    }

    internal void End() => BinaryPrimitives.WriteInt32LittleEndian(_bytes.Pending[_frame..], _bytes.Pending.Length - _frame - sizeof(int));

    internal FrameWriter Byte(byte value)
    {
        Room(1)[0] = value;
        return this;
    }

    internal FrameWriter Int32(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(Room(sizeof(int)), value);
        return this;
    }

    internal FrameWriter Int64(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(Room(sizeof(long)), value);
        return this;
    }

    internal FrameWriter Bytes(ReadOnlySpan<byte> value)
    {
        Int32(value.Length);
        _bytes.Append(value);
        return this;
    }

    internal FrameWriter Text(string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        Int32(length);
        Encoding.UTF8.GetBytes(value, Room(length));
        return this;
    }

    internal FrameWriter List(byte[][] values)
    {
        Int32(values.Length);
        foreach (var value in values)
        {
            Bytes(value);
        }
        return this;
    }

    internal FrameWriter Texts(IReadOnlyList<string> values)
    {
        Int32(values.Count);
        for (var i = 0; i < values.Count; i++)
        {
            Text(values[i]);
        }
        return this;
    }

    /// <summary>Takes bytes that were written off the front.</summary>
    internal void Consume(int count) => _bytes.Consume(count);

    internal void Clear() => _bytes.Clear();

    private Span<byte> Room(int count) => _bytes.Room(count);
}

/// <summary>Bytes as they came, cut into frames.</summary>
internal sealed class FrameReader
{
    private const int Small = 64 * 1024;
    private byte[] _buffer = new byte[Small];
    private int _start;
    private int _end;

    /// <summary>Where the next bytes are to be read to; never empty.</summary>
    internal Span<byte> Free()
    {
        var waiting = _end - _start;
        var need = Math.Max(waiting >= sizeof(int) ? FrameLength() + sizeof(int) : 0, Small);
        if (_start > 0 && (waiting == 0 || _buffer.Length - _start < need))
        {
            var target = waiting == 0 && _buffer.Length > Small * 16 ? new byte[Small] : _buffer;
            Buffer.BlockCopy(_buffer, _start, target, 0, waiting);
            _buffer = target;
            (_start, _end) = (0, waiting);
        }
        if (_buffer.Length < need || _end == _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(need, _buffer.Length * 2));
        }
        return _buffer.AsSpan(_end);
    }

    /// <summary>So many bytes were read there.</summary>
    internal void Filled(int count) => _end += count;

    /// <summary>Takes the next whole frame; false when there is none yet. The frame is good until the next call of <see cref="Free" />.</summary>
    /// <exception cref="InvalidDataException">What came is not a frame.</exception>
    internal bool TryTake(out Frame frame)
    {
        frame = default;
        if (_end - _start < sizeof(int) || _end - _start < sizeof(int) + FrameLength())
        {
            return false;
        }
        var length = FrameLength();
        frame = new Frame(_buffer.AsSpan(_start + sizeof(int), length));
        _start += sizeof(int) + length;
        return true;
    }

    private int FrameLength()
    {
        var length = BinaryPrimitives.ReadInt32LittleEndian(_buffer.AsSpan(_start));
        return length is > 0 and <= WardenProtocol.MaxFrame
            ? length
            : throw new InvalidDataException($"A frame of 1 to {WardenProtocol.MaxFrame} bytes was expected; one of {length} bytes came.");
    }
}

/// <summary>One frame, read from front to back.</summary>
internal ref struct Frame(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes[1..];

    internal FrameType Type { get; } = (FrameType)bytes[0];

    internal byte Byte() => Take(1)[0];

    internal int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)));

    internal long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Take(sizeof(long)));

    internal ReadOnlySpan<byte> Bytes() => Take(Int32());

    internal string Text() => Encoding.UTF8.GetString(Bytes());

    internal byte[][] List()
    {
        var list = new byte[Int32()][];
        for (var i = 0; i < list.Length; i++)
        {
            list[i] = Bytes().ToArray();
        }
        return list;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
