using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Storage;

namespace Fairlead.Cli.Configuration;

/// <summary>What keys may hold, wherever they stand.</summary>
internal static class Types
{
    /// <summary>Any text, number or truth value.</summary>
    public static readonly ScalarType<string> Text = new("text", "a text", TextSchema, static (string text, out string value) => (value = text).Length > 0);

    /// <summary>Any text, which is never shown.</summary>
    public static readonly SecretType Secret = new();

    public static readonly ScalarType<bool> Flag = new(
        "true or false", "true or false", static () => new() { ["type"] = "boolean" }, static (string text, out bool value) => bool.TryParse(text, out value));

    /// <summary>More than no time.</summary>
    public static readonly ScalarType<TimeSpan> Duration = Durations(
        "duration", "a duration of more than zero such as 250ms, 60s, 5m, 2h or 7d", static duration => duration > TimeSpan.Zero);

    /// <summary>As far apart as rounds of a schedule are at least.</summary>
    public static readonly ScalarType<TimeSpan> Distance = Durations(
        "duration from 1s", "a duration of 1s or more such as 30s, 5m, 2h or 7d", static duration => duration >= TimeSpan.FromSeconds(1));

    /// <summary>No time is a time, too.</summary>
    public static readonly ScalarType<TimeSpan> DurationOrZero = Durations("duration or 0s", "a duration such as 0s, 250ms, 60s, 5m, 2h or 7d", static _ => true);

    public static readonly ScalarType<Rate> Rate = new(
        "rate", "a rate such as 8/s, 90000/m, 5000/day or 1/2s", static () => Pattern(@"[1-9][0-9]*\s*/\s*([0-9]*(s|m|h|d|day)|[1-9][0-9]*ms)"), Fairlead.Rate.TryParse);

    public static readonly ScalarType<string> Pointer = new(
        "JSON pointer", "a JSON pointer into the payload such as /account", static () => Pattern("/.*"),
        static (string text, out string value) => JsonPointer.Problem(value = text) is null);

    /// <summary>Where something is asked for over HTTP; never shown, since it often holds a token.</summary>
    public static readonly ScalarType<Uri> Address = new(
        "http address", "an http or https address", static () => new JsonObject { ["type"] = "string", ["pattern"] = "^https?://." },
        static (string text, out Uri value) => Uri.TryCreate(text, UriKind.Absolute, out value!) && value.Scheme is "http" or "https")
    { Secret = true };

    public static readonly ScalarType<DailyReset> Reset = new(
        "time of day", "a time of day and a time zone such as 00:00 America/Los_Angeles", static () => Pattern("[0-2][0-9]:[0-5][0-9]( .+)?"), TryReset);

    /// <summary>A number above zero.</summary>
    public static readonly ScalarType<double> Weight = new(
        "number above 0", "a number above zero such as 2 or 0.5", static () => new() { ["type"] = "number", ["exclusiveMinimum"] = 0 },
        static (string text, out double value) => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value) && value > 0);

    /// <summary>A path that counts from the file's folder, in full.</summary>
    public static readonly ConfigurationType<string> Path = Text.Then(static (path, reading) => reading.FullPath(path));

    /// <summary>Whole numbers.</summary>
    public static ScalarType<int> Whole(int least, int most = int.MaxValue)
    {
        var (range, name) = most == int.MaxValue
            ? ($"of {Figure(least)} or more", $"whole number from {Figure(least)}")
            : ($"from {Figure(least)} to {Figure(most)}", $"whole number from {Figure(least)} to {Figure(most)}");
        return new(name, $"a whole number {range}", () => new() { ["type"] = "integer", ["minimum"] = least, ["maximum"] = most }, (string text, out int value) =>
            int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value >= least && value <= most);
    }

    /// <summary>Sizes in bytes.</summary>
    public static ScalarType<long> Size(long most) => new(
        most < long.MaxValue ? $"size up to {SizeText.ForPeople(most)}" : "size",
        $"a size such as 512B, 64KiB or 2GiB{(most < long.MaxValue ? $", up to {SizeText.ForPeople(most)}" : "")}",
        static () => Pattern(@"[0-9]*\.?[0-9]+(B|KiB|MiB|GiB)"),
        (string text, out long value) => SizeText.TryParse(text, out value) && value >= 1 && value <= most);

    /// <summary>Shares of a whole.</summary>
    public static ScalarType<double> Share(double above, double most, string example) => new(
        $"share up to {most * 100:0}%", $"a share such as {example}, up to {most * 100:0}%", static () => new()
        {
            ["anyOf"] = new JsonArray(new JsonObject { ["type"] = "number", ["minimum"] = 0, ["maximum"] = 1 }, Pattern(@"[0-9]*\.?[0-9]+\s*%?")),
        },
        (string text, out double value) => ShareText.TryParse(text, out value) && value > above && value <= most);

    /// <summary>One of a few words.</summary>
    public static ScalarType<T> OneOf<T>(params (string Word, T Value)[] words)
    {
        string[] all = [.. words.Select(static word => word.Word)];
        var expects = $"{string.Join(", ", all[..^1])} or {all[^1]}";
        return new(expects, expects, () => new() { ["enum"] = new JsonArray([.. all.Select(static word => (JsonNode)word)]) }, (string text, out T value) =>
        {
            var at = Array.IndexOf(all, text);
            value = at < 0 ? default! : words[at].Value;
            return at >= 0;
        })
        { Words = all };
    }

    /// <summary>Something else made of what is read.</summary>
    public static ConfigurationType<TNew> Then<T, TNew>(this ConfigurationType<T> type, Func<T, Reading, TNew> make) => new MappedType<T, TNew>(type, make);

    /// <inheritdoc cref="Then{T, TNew}(ConfigurationType{T}, Func{T, Reading, TNew})" />
    public static ConfigurationType<TNew> Then<T, TNew>(this ConfigurationType<T> type, Func<T, TNew> make) => new MappedType<T, TNew>(type, (value, _) => make(value));

    /// <summary>What stands for a value.</summary>
    public static JsonObject VariableSchema() => new() { ["type"] = "string", ["pattern"] = @"\$\{.+\}" };

    public static JsonObject TextSchema() => new() { ["type"] = new JsonArray("string", "number", "boolean") };

    /// <summary>A text all of which is like this.</summary>
    public static JsonObject Pattern(string pattern) => new() { ["type"] = "string", ["pattern"] = $"^{pattern}$" };

    private static ScalarType<TimeSpan> Durations(string name, string expects, Func<TimeSpan, bool> allowed) => new(
        name, expects, static () => Pattern(@"[0-9]*\.?[0-9]+(ms|s|m|h|d)"), (string text, out TimeSpan value) => DurationText.TryParse(text, out value) && allowed(value));

    private static bool TryReset(string text, out DailyReset value)
    {
        try
        {
            value = DailyReset.Parse(text);
            return value.IsKnown;
        }
        catch (FormatException)
        {
            value = null!;
            return false;
        }
    }

    private static string Figure(int number) => number.ToString(CultureInfo.InvariantCulture);
}
