using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Fairlead.Engine;
using Microsoft.Extensions.Logging;

namespace Fairlead.Processes;

/// <summary>
/// Turns what a program writes into its job's log, line by line and as it comes; the last line of standard output is held back until the end, since
/// it may be the result. Blank lines are not kept.
/// </summary>
internal sealed class JobOutput(IAttemptLog log, int keep, Func<string, string>? mask = null) : IProcessOutput
{
    private const int LongestReason = 1000;
    private static readonly JsonReaderOptions s_deep = new() { MaxDepth = 1000 };
    private readonly LineCutter _output = new(keep);
    private readonly LineCutter _error = new(keep);
    private byte[]? _last;

    /// <summary>The last line of standard error that says anything; null for none.</summary>
    internal string? LastError { get; private set; }

    /// <inheritdoc />
    public void Started(int pid) { }

    /// <inheritdoc />
    public void Wrote(bool isError, ReadOnlySpan<byte> bytes, long leftOut)
    {
        var (cutter, take) = isError ? (_error, (LineTaker)TakeError) : (_output, TakeOutput);
        if (leftOut > 0)
        {
            cutter.Flush(take);
            WriteLast();
            log.Write(isError ? LogLevel.Warning : LogLevel.Information, $"… {leftOut} bytes of output left out …");
        }
        cutter.Cut(bytes, take);
    }

    /// <summary>Writes what was held back; returns the last line of standard output if it is JSON and the program succeeded.</summary>
    internal ReadOnlyMemory<byte> Finish(bool succeeded)
    {
        _output.Flush(TakeOutput);
        _error.Flush(TakeError);
        if (succeeded && _last is { } last && IsJson(last))
        {
            return last;
        }
        WriteLast();
        return default;
    }

    private void TakeOutput(ReadOnlySpan<byte> line)
    {
        // Blank lines at the end do not hide the result before them.
        if (_last is null || !line.Trim(" \t\r"u8).IsEmpty)
        {
            WriteLast();
            _last = line.Trim(" \t\r"u8).IsEmpty ? null : line.ToArray();
        }
    }

    private void TakeError(ReadOnlySpan<byte> line)
    {
        foreach (var part in PlainText.Parts(line, mask))
        {
            LastError = string.IsNullOrWhiteSpace(part) ? LastError : Shorten(part.Trim());
            log.Write(LogLevel.Warning, part);
        }
    }

    private static string Shorten(string text) => text.Length <= LongestReason ? text : string.Concat(text.AsSpan(0, LongestReason), "…");

    private void WriteLast()
    {
        if (_last is { } last)
        {
            _last = null;
            foreach (var part in PlainText.Parts(last, mask))
            {
                log.Write(LogLevel.Information, part);
            }
        }
    }

    private static bool IsJson(ReadOnlySpan<byte> line)
    {
        if (!Utf8.IsValid(line))
        {
            return false;
        }
        var reader = new Utf8JsonReader(line, s_deep);
        try
        {
            while (reader.Read())
            {
            }
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}

/// <summary>Takes one line, without its end.</summary>
internal delegate void LineTaker(ReadOnlySpan<byte> line);

/// <summary>Cuts bytes into lines, whatever the pieces in which they come; a line longer than <paramref name="longest" /> is cut there.</summary>
internal sealed class LineCutter(int longest)
{
    private readonly MemoryStream _begun = new();

    internal void Cut(ReadOnlySpan<byte> bytes, LineTaker take)
    {
        for (var end = bytes.IndexOf((byte)'\n'); end >= 0; end = bytes.IndexOf((byte)'\n'))
        {
            Complete(bytes[..end], take);
            bytes = bytes[(end + 1)..];
        }
        if (_begun.Length + bytes.Length > longest)
        {
            Flush(take);
        }
        _begun.Write(bytes);
    }

    /// <summary>Gives away a line that was begun and not ended.</summary>
    internal void Flush(LineTaker take)
    {
        if (_begun.Length > 0)
        {
            Complete(default, take);
        }
    }

    private void Complete(ReadOnlySpan<byte> rest, LineTaker take)
    {
        if (_begun.Length == 0)
        {
            take(rest.TrimEnd((byte)'\r'));
            return;
        }
        _begun.Write(rest);
        take(_begun.GetBuffer().AsSpan(0, (int)_begun.Length).TrimEnd((byte)'\r'));
        _begun.SetLength(0);
    }
}

/// <summary>Makes text of whatever bytes there are: what is not UTF-8, and control characters that would harm a log, become U+FFFD.</summary>
internal static class PlainText
{
    private const int LongestPart = 16 * 1024;

    internal static string Of(ReadOnlySpan<byte> bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        return text.AsSpan().IndexOfAnyInRange('\0', '\x1f') < 0 ? text : string.Create(text.Length, text, static (target, source) =>
        {
            for (var i = 0; i < target.Length; i++)
            {
                target[i] = source[i] is < ' ' and not ('\t' or '\e') ? '\uFFFD' : source[i];
            }
        });
    }

    /// <summary>A line as entries of a log, none of them so long that it drowns the others.</summary>
    /// <param name="line">The line.</param>
    /// <param name="mask">What is done to it before it is cut, so that nothing that must not be read is cut in two.</param>
    internal static IEnumerable<string> Parts(ReadOnlySpan<byte> line, Func<string, string>? mask = null)
    {
        var text = mask is null ? Of(line) : mask(Of(line));
        return Enumerable.Range(0, Math.Max(1, (text.Length + LongestPart - 1) / LongestPart))
            .Select(part => text.Length <= LongestPart ? text : text.Substring(part * LongestPart, Math.Min(LongestPart, text.Length - part * LongestPart)));
    }
}
