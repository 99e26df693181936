using Fairlead.Engine;
using Fairlead.Processes;
using Microsoft.Extensions.Logging;

namespace Fairlead.Schedules.Targets;

/// <summary>Keeps what a program of targets writes on its standard output, and makes log of its standard error.</summary>
internal sealed class TargetOutput(IAttemptLog log) : IProcessOutput
{
    private const int LongestLine = 64 * 1024;
    private readonly MemoryStream _text = new();
    private readonly LineCutter _error = new(LongestLine);

    /// <summary>What it wrote on its standard output.</summary>
    public ReadOnlyMemory<byte> Text => _text.GetBuffer().AsMemory(0, (int)_text.Length);

    /// <summary>It wrote more than is kept.</summary>
    public bool IsTooLarge { get; private set; }

    /// <summary>The last line of its standard error that says anything; null for none.</summary>
    public string? LastError { get; private set; }

    /// <inheritdoc />
    public void Started(int pid) { }

    /// <inheritdoc />
    public void Wrote(bool isError, ReadOnlySpan<byte> bytes, long leftOut)
    {
        if (isError)
        {
            _error.Cut(bytes, TakeError);
            return;
        }
        IsTooLarge |= leftOut > 0;
        _text.Write(bytes);
    }

    /// <summary>It has ended: writes the line it had begun.</summary>
    public void Finish() => _error.Flush(TakeError);

    private void TakeError(ReadOnlySpan<byte> line)
    {
        foreach (var part in PlainText.Parts(line))
        {
            LastError = string.IsNullOrWhiteSpace(part) ? LastError : part.Trim();
            log.Write(LogLevel.Warning, part);
        }
    }
}
