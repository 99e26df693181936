using System.CommandLine;
using System.CommandLine.Parsing;

namespace Fairlead.Cli;

/// <summary>What was typed: the program's own words, and those after <c>--</c>, which belong to the program to run and are never looked at.</summary>
/// <param name="Own">Before <c>--</c>.</param>
/// <param name="Program">After it; null when there was none.</param>
internal sealed record Words(string[] Own, string[]? Program)
{
    private const string End = "--";

    public static Words Split(string[] words)
    {
        var end = Array.IndexOf(words, End);
        return end < 0 ? new Words(words, null) : new Words(words[..end], words[(end + 1)..]);
    }

    /// <summary>What is wrong with them, in words; null when nothing is.</summary>
    public static string? Problem(ParseResult result, Words typed)
    {
        var command = result.CommandResult.Command;
        if (typed.Own.Any(word => word is "--help" or "-h" or "-?" or "--version"))
        {
            return null;
        }
        if (command is RootCommand)
        {
            return UnknownCommand(command, typed.Own);
        }
        if (UnknownOption(command, typed.Own) is { } unknown)
        {
            return unknown;
        }
        if (UnknownSubcommand(result) is { } mistyped)
        {
            return mistyped;
        }
        if (result.Errors.Count > 0)
        {
            return $"{result.Errors[0].Message} See: fairlead {PathOf(command)} --help";
        }
        return typed.Program is not null && !ProgramWords.Takers.Contains(command.Name)
            ? $"'{command.Name}' runs no program, so nothing is expected after --; got '{string.Join(' ', typed.Program)}'."
            : null;
    }

    private static string UnknownCommand(Command root, string[] words)
    {
        var names = root.Subcommands.Where(command => !command.Hidden).Select(command => command.Name);
        if (words.Length == 0)
        {
            return $"Expected a command: {string.Join(", ", names)}. See: fairlead --help";
        }
        var word = words[0];
        return NearestName.Of(word, names) is { } nearest
            ? $"There is no command '{word}'; did you mean '{nearest}'? See: fairlead --help"
            : $"There is no command '{word}'. Expected one of: {string.Join(", ", names)}.";
    }

    /// <summary><c>limits zet …</c>: whatever the parser makes of the rest, it is the command that is wrong.</summary>
    private static string? UnknownSubcommand(ParseResult result)
    {
        var command = result.CommandResult.Command;
        var names = command.Subcommands.Select(sub => sub.Name).ToList();
        if (names.Count == 0 || result.UnmatchedTokens.Count == 0)
        {
            return null;
        }
        // A mistyped one is taken for the command's own argument, if it has one.
        var word = result.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens).FirstOrDefault()?.Value ?? result.UnmatchedTokens[0];
        return $"'{command.Name}' has no command '{word}'{(NearestName.Of(word, names) is { } nearest ? $"; did you mean '{nearest}'?" : ".")} Expected one of: {string.Join(", ", names)}. See: fairlead {command.Name} --help";
    }

    /// <summary>As it is typed: <c>limits set</c>.</summary>
    private static string PathOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault(parent => parent is not RootCommand) is { } above ? $"{above.Name} {command.Name}" : command.Name;

    /// <summary>
    /// The parser takes an unknown option for an argument wherever one may stand, so words that look like options are checked here.
    /// </summary>
    private static string? UnknownOption(Command command, string[] words)
    {
        Option[] options = [.. command.Options, CommandContext.StoreOption];
        for (var i = 0; i < words.Length; i++)
        {
            var word = words[i].Split('=', 2)[0];
            if (word.Length < 2 || word[0] != '-' || char.IsAsciiDigit(word[1]) || (i > 0 && TakesValue(options, words[i - 1])) || Find(options, word) is not null)
            {
                continue;
            }
            var nearest = NearestName.Of(word, options.Where(option => !option.Hidden).Select(option => option.Name));
            return $"'{PathOf(command)}' has no option '{word}'{(nearest is null ? "." : $"; did you mean '{nearest}'?")} See: fairlead {PathOf(command)} --help";
        }
        return null;
    }

    private static bool TakesValue(Option[] options, string word) => Find(options, word) is { } option && option.ValueType != typeof(bool);

    private static Option? Find(Option[] options, string word) =>
        Array.Find(options, option => option.Name.Equals(word, StringComparison.Ordinal) || option.Aliases.Contains(word));
}

/// <summary>The words after <c>--</c>, for the commands that run a program.</summary>
internal static class ProgramWords
{
    /// <summary>The commands that take them.</summary>
    public static readonly string[] Takers = [Commands.RunCommand.Name];

    /// <summary>What was typed; null when there was no <c>--</c>.</summary>
    public static string[]? Current { get; set; }
}
