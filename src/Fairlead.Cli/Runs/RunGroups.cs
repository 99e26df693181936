using System.Text;
using System.Text.RegularExpressions;
using Fairlead.Storage;

namespace Fairlead.Cli.Runs;

/// <summary>Finds the group of a line: what the expression's first parentheses match, or else the whole match; no match, no group.</summary>
internal sealed class RunGroups(string expression)
{
    /// <summary>An expression that takes longer for one line goes wrong on it: it would hold up all others.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Regex _expression = new(expression, RegexOptions.CultureInvariant, Patience);

    /// <summary>The group of a line of valid UTF-8; null when it has none.</summary>
    /// <param name="line">The line.</param>
    /// <param name="place">Where it stands, for the message.</param>
    /// <exception cref="CommandFailure">The expression takes too long, or what it finds cannot name a group.</exception>
    public string? Of(ReadOnlySpan<byte> line, string place)
    {
        var group = Find(Encoding.UTF8.GetString(line), place);
        if (string.IsNullOrEmpty(group))
        {
            return null;
        }
        try
        {
            NewJobRules.CheckName(group, "A group");
            return group;
        }
        catch (ArgumentException error)
        {
            throw new CommandFailure($"{place}: {error.Message} Nothing was enqueued. Let --group-by match less.", inner: error);
        }
    }

    private string? Find(string line, string place)
    {
        try
        {
            var match = _expression.Match(line);
            return match.Groups.Count > 1 ? match.Groups[1].Value : match.Value;
        }
        catch (RegexMatchTimeoutException error)
        {
            throw new CommandFailure(
                $"{place}: --group-by '{expression}' took longer than {Patience.TotalSeconds:0} s for this line. Nothing was enqueued. Write it without repetitions inside repetitions.", inner: error);
        }
    }
}
