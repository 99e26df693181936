using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Fairlead.AspNetCore.Requests;

/// <summary>Reads a body line by line while it comes in: no more than one line, and what the pipe has buffered, is held.</summary>
internal static class LineBody
{
    /// <summary>The lines that are not empty.</summary>
    /// <param name="body">The body.</param>
    /// <param name="longest">The longest line, in bytes.</param>
    /// <param name="tooLong">Makes the error for a longer one, from the line's number.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static async IAsyncEnumerable<TextLine> ReadAsync(
        PipeReader body, int longest, Func<int, Exception> tooLong, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var number = 0;
        while (true)
        {
            var read = await body.ReadAsync(cancellationToken);
            var rest = read.Buffer;
            while (Next(ref rest, last: read.IsCompleted) is { } line)
            {
                number++;
                if (line.Length > longest)
                {
                    throw tooLong(number);
                }
                if (!line.IsEmpty)
                {
                    yield return new TextLine(number, line.ToArray());
                }
            }
            if (rest.Length > longest)
            {
                throw tooLong(number + 1);
            }
            body.AdvanceTo(rest.Start, rest.End);
            if (read.IsCompleted)
            {
                yield break;
            }
        }
    }

    /// <summary>Cuts off the next line; null when there is none yet.</summary>
    private static ReadOnlySequence<byte>? Next(ref ReadOnlySequence<byte> rest, bool last)
    {
        if (rest.PositionOf((byte)'\n') is { } end)
        {
            var line = rest.Slice(0, end);
            rest = rest.Slice(rest.GetPosition(1, end));
            return WithoutReturn(line);
        }
        if (!last || rest.IsEmpty)
        {
            return null;
        }
        var tail = rest;
        rest = rest.Slice(rest.End);
        return WithoutReturn(tail);
    }

    private static ReadOnlySequence<byte> WithoutReturn(ReadOnlySequence<byte> line) =>
        !line.IsEmpty && line.Slice(line.Length - 1).FirstSpan[0] == (byte)'\r' ? line.Slice(0, line.Length - 1) : line;
}

/// <summary>One line of a body.</summary>
/// <param name="Number">Counted from 1, empty ones included.</param>
/// <param name="Utf8">Its bytes.</param>
internal readonly record struct TextLine(int Number, ReadOnlyMemory<byte> Utf8);
