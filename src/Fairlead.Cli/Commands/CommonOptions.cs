using System.CommandLine;
using System.CommandLine.Parsing;

namespace Fairlead.Cli.Commands;

/// <summary>Options that mean the same wherever they stand.</summary>
internal static class CommonOptions
{
    public static Option<bool> Json() => new("--json") { Description = "Write JSON." };

    public static Option<TimeSpan?> Duration(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "60s",
        CustomParser = argument => Parse(argument, name, allowZero: name is "--delay" or "--kill-after"),
    };

    public static Option<int?> Count(string name, string description, int least, int most) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = argument =>
        {
            var text = argument.Tokens[^1].Value;
            if (int.TryParse(text, System.Globalization.NumberStyles.AllowLeadingSign, null, out var number) && number >= least && number <= most)
            {
                return number;
            }
            argument.AddError($"{name} expects a whole number from {least} to {most}; got '{text}'.");
            return null;
        },
    };

    /// <summary>Text that is checked where it is typed and kept as it was typed.</summary>
    /// <param name="option">The option.</param>
    /// <param name="read">Reads a value; a <see cref="FormatException" /> or <see cref="ArgumentException" /> says what is wrong with it.</param>
    public static Option<T> Checked<T>(this Option<T> option, Action<string> read)
    {
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
            {
                try
                {
                    read(token.Value);
                }
                catch (Exception error) when (error is FormatException or ArgumentException)
                {
                    result.AddError($"{option.Name}: {error.Message}");
                }
            }
        });
        return option;
    }

    private static TimeSpan? Parse(ArgumentResult argument, string name, bool allowZero)
    {
        var text = argument.Tokens[^1].Value;
        if (DurationText.TryParse(text, out var duration) && (allowZero || duration > TimeSpan.Zero))
        {
            return duration;
        }
        argument.AddError($"{name} expects a duration such as 250ms, 60s, 5m, 2h or 7d; got '{text}'.");
        return null;
    }
}
