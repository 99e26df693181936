using System.Text.Unicode;
using Fairlead.Storage;

namespace Fairlead.Cli.Runs;

/// <summary>Reads the input of a run: one item for each line that is not empty. A wrong line is an error that names file and line, before anything is enqueued.</summary>
internal static class RunInput
{
    private const int ReadAtOnce = 64 * 1024;

    /// <summary>Linux takes at most 128 KiB in one argument, its closing zero included.</summary>
    private const int LongestArgument = (128 * 1024) - 1;

    private static readonly byte[] ByteOrderMark = [0xEF, 0xBB, 0xBF];

    /// <summary>Makes the items.</summary>
    /// <param name="input">A path, or <c>-</c> for standard input.</param>
    /// <param name="plan">What is to be done with each line.</param>
    /// <param name="queue">The queue, for its limits.</param>
    public static List<NewJob> Read(string input, RunPlan plan, QueueDefinition queue)
    {
        var name = input == "-" ? "standard input" : $"'{input}'";
        var items = new List<NewJob>();
        var groups = plan.GroupBy is { } expression ? new RunGroups(expression) : null;
        using var stream = Open(input);
        var number = 0;
        foreach (var line in Lines(stream, queue.MaxPayload, () => TooLong(name, number + 1, $"more than {queue.MaxPayload:N0}", queue)))
        {
            number++;
            if (line.Length > 0)
            {
                items.Add(Item(line.Span, name, number, plan, queue) with { Group = groups?.Of(line.Span, $"{name}, line {number}") });
            }
        }
        return items.Count > 0 ? items : throw new CommandFailure($"Expected one item a line; {name} has no lines that are not empty. Nothing was enqueued.");
    }

    private static Stream Open(string input)
    {
        try
        {
            return input == "-" ? Console.OpenStandardInput() : File.OpenRead(input);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure(
                File.Exists(input) ? $"The input '{input}' cannot be read: {error.Message}" : $"There is no input file '{input}'. --input expects a file with one item a line, or - for standard input.", inner: error);
        }
    }

    private static NewJob Item(ReadOnlySpan<byte> line, string name, int number, RunPlan plan, QueueDefinition queue)
    {
        if (!Utf8.IsValid(line))
        {
            throw new CommandFailure($"{name}, line {number} is not UTF-8 text. Nothing was enqueued. Convert it (iconv -t utf-8), or list such names in another way.");
        }
        if (line.Contains((byte)0))
        {
            throw new CommandFailure($"{name}, line {number} holds a zero byte, which cannot be an argument of a program. Nothing was enqueued. Separate items with line ends, not zeros.");
        }
        var payload = RunLine.ToPayload(line);
        if (payload.Length > queue.MaxPayload)
        {
            throw TooLong(name, number, $"{payload.Length:N0}", queue);
        }
        if (line.Length > LongestArgument)
        {
            throw new CommandFailure(
                $"{name}, line {number} has {line.Length:N0} bytes; the system takes at most {LongestArgument:N0} in one argument. Nothing was enqueued. Put the text into a file and list its path.");
        }
        return new NewJob
        {
            Queue = plan.Queue,
            Kind = new JobKind(plan.Kind),
            Payload = payload,
            Timeout = plan.Timeout,
            Retries = plan.Retries,
        };
    }

    private static CommandFailure TooLong(string name, int number, string bytes, QueueDefinition queue) => new(
        $"{name}, line {number} makes a payload of {bytes} bytes; queue '{queue.Name}' takes at most {queue.MaxPayload:N0}. Nothing was enqueued. Put the text into a file and list its path.");

    /// <summary>Lines without their ends (a line feed, or carriage return and line feed). The memory is good until the next one is asked for.</summary>
    private static IEnumerable<ReadOnlyMemory<byte>> Lines(Stream stream, int longest, Func<Exception> tooLong)
    {
        var buffer = new byte[ReadAtOnce];
        var (start, end, first) = (0, 0, true);
        while (true)
        {
            if (buffer.AsSpan(start, end - start).IndexOf((byte)'\n') is >= 0 and var length)
            {
                yield return Clean(buffer.AsMemory(start, length), ref first);
                start += length + 1;
                continue;
            }
            if (end - start > longest + ByteOrderMark.Length)
            {
                throw tooLong();
            }
            MakeRoom(ref buffer, ref start, ref end);
            var read = stream.Read(buffer, end, buffer.Length - end);
            if (read == 0)
            {
                break;
            }
            end += read;
        }
        if (end > start)
        {
            yield return Clean(buffer.AsMemory(start, end - start), ref first);
        }
    }

    private static void MakeRoom(ref byte[] buffer, ref int start, ref int end)
    {
        if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
        }
        if (end == buffer.Length)
        {
            Array.Resize(ref buffer, buffer.Length * 2);
        }
    }

    private static ReadOnlyMemory<byte> Clean(ReadOnlyMemory<byte> line, ref bool first)
    {
        if (first && line.Span.StartsWith(ByteOrderMark))
        {
            line = line[ByteOrderMark.Length..];
        }
        first = false;
        return line.Length > 0 && line.Span[^1] == (byte)'\r' ? line[..^1] : line;
    }
}
