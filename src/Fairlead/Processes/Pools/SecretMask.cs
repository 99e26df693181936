using Fairlead.Engine;
using Microsoft.Extensions.Logging;

namespace Fairlead.Processes.Pools;

/// <summary>Replaces secrets in whatever a program says before anybody can read it.</summary>
internal sealed class SecretMask(IReadOnlyList<string> secrets)
{
    private const string Mask = "***";

    private const int ShortestLine = 8;

    // The longest first: one may be a part of another. What is written comes in lines, so that each line of a secret (of a key file, say) is one.
    private readonly string[] _secrets = [.. secrets.SelectMany(static secret => LinesOf(secret).Prepend(secret)).Where(static secret => secret.Length > 0)
        .Distinct(StringComparer.Ordinal).OrderByDescending(static secret => secret.Length)];

    /// <summary>The text without secrets.</summary>
    public string Of(string text)
    {
        foreach (var secret in _secrets)
        {
            text = text.Replace(secret, Mask, StringComparison.Ordinal);
        }
        return text;
    }

    /// <summary>A log into which no secret gets.</summary>
    public IAttemptLog Over(IAttemptLog log) => _secrets.Length == 0 ? log : new MaskedLog(this, log);

    private static IEnumerable<string> LinesOf(string secret) => secret.Split('\n', StringSplitOptions.TrimEntries).Where(static line => line.Length >= ShortestLine);

    private sealed class MaskedLog(SecretMask mask, IAttemptLog log) : IAttemptLog
    {
        public void Write(LogLevel level, string message) => log.Write(level, mask.Of(message));
    }
}
