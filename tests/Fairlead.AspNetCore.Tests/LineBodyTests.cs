using System.IO.Pipelines;
using System.Text;
using Fairlead.AspNetCore.Requests;

namespace Fairlead.AspNetCore.Tests;

/// <summary>Lines are read as they come, however the bytes are cut.</summary>
public sealed class LineBodyTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("a", "1:a")]
    [InlineData("a\nb", "1:a 2:b")]
    [InlineData("a\r\nb\r\n", "1:a 2:b")]
    [InlineData("\n\na\n\n", "3:a")]
    [InlineData("abcdefgh\r\n", "1:abcdefgh")]
    public async Task Lines_are_the_same_however_the_bytes_come(string text, string wanted)
    {
        for (var piece = 1; piece <= Math.Max(1, text.Length); piece++)
        {
            var pipe = new Pipe();
            var reading = ReadAsync(pipe.Reader, longest: 8);
            foreach (var bytes in Encoding.UTF8.GetBytes(text).Chunk(piece))
            {
                await pipe.Writer.WriteAsync(bytes);
            }
            await pipe.Writer.CompleteAsync();

            (await reading).ShouldBe(wanted, $"in pieces of {piece}");
        }
    }

    [Theory]
    [InlineData("ok\n123456789\n", "line 2")]
    [InlineData("ok\n\n1234567890123", "line 3")]
    public async Task A_line_that_is_too_long_is_named(string text, string wanted)
    {
        var reading = ReadAsync(PipeReader.Create(new MemoryStream(Encoding.UTF8.GetBytes(text))), longest: 8);

        (await Should.ThrowAsync<InvalidDataException>(reading)).Message.ShouldBe(wanted);
    }

    [Fact]
    public async Task Beside_the_lines_next_to_nothing_is_held()
    {
        const int lines = 100_000;
        var line = Encoding.UTF8.GetBytes(new string('x', 99) + "\n");
        var most = 0L;
        var count = 0;
        var pipe = new Pipe();
        var writing = WriteAsync();
        await foreach (var read in LineBody.ReadAsync(pipe.Reader, 100, _ => new InvalidDataException(), CancellationToken.None))
        {
            read.Utf8.Length.ShouldBe(99);
            count++;
        }
        await writing;

        count.ShouldBe(lines);
        most.ShouldBeLessThan(128 * 1024);

        async Task WriteAsync()
        {
            for (var i = 0; i < lines; i++)
            {
                await pipe.Writer.WriteAsync(line);
                // What was written and not yet read is what is held; the pipe stops the writer at its own bound of 64 KiB.
                most = Math.Max(most, (i + 1L - Volatile.Read(ref count)) * line.Length);
            }
            await pipe.Writer.CompleteAsync();
        }
    }

    private static async Task<string> ReadAsync(PipeReader body, int longest)
    {
        var lines = new List<string>();
        await foreach (var line in LineBody.ReadAsync(body, longest, number => new InvalidDataException($"line {number}"), CancellationToken.None))
        {
            lines.Add($"{line.Number}:{Encoding.UTF8.GetString(line.Utf8.Span)}");
        }
        return string.Join(' ', lines);
    }
}
