using System.Runtime.CompilerServices;

namespace Fairlead.Testing.Conformance;

/// <summary>Assertions that say what was expected and what came, without a test framework.</summary>
internal static class Expect
{
    public static void Equal<T>(T expected, T actual, [CallerArgumentExpression(nameof(actual))] string what = "")
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
        {
            throw new ConformanceFailure($"Expected {what} to be {Show(expected)}; it was {Show(actual)}.");
        }
    }

    public static void Sequence<T>(IEnumerable<T> expected, IEnumerable<T> actual, [CallerArgumentExpression(nameof(actual))] string what = "")
    {
        var (wanted, came) = (expected.ToList(), actual.ToList());
        if (!wanted.SequenceEqual(came))
        {
            throw new ConformanceFailure($"Expected {what} to be [{Show(wanted)}]; it was [{Show(came)}].");
        }
    }

    public static void Empty<T>(IEnumerable<T> actual, [CallerArgumentExpression(nameof(actual))] string what = "") => Sequence([], actual, what);

    public static void True(bool actual, string what)
    {
        if (!actual)
        {
            throw new ConformanceFailure($"Expected {what}.");
        }
    }

    public static T NotNull<T>(T? actual, [CallerArgumentExpression(nameof(actual))] string what = "")
        where T : class => actual ?? throw new ConformanceFailure($"Expected {what}; there was none.");

    public static void Null(object? actual, [CallerArgumentExpression(nameof(actual))] string what = "")
    {
        if (actual is not null)
        {
            throw new ConformanceFailure($"Expected no {what}; it was {Show(actual)}.");
        }
    }

    public static void Contains(string part, string? text, [CallerArgumentExpression(nameof(text))] string what = "") =>
        True(text?.Contains(part, StringComparison.Ordinal) == true, $"{what} to contain '{part}'; it was {Show(text)}");

    public static async Task<TException> ThrowsAsync<TException>(Func<Task> action)
        where TException : Exception
    {
        try
        {
            await action();
        }
        catch (TException expected)
        {
            return expected;
        }
        throw new ConformanceFailure($"Expected {typeof(TException).Name}; nothing was thrown.");
    }

    private static string Show<T>(List<T> values) => string.Join(", ", values.Take(30).Select(static v => Show(v))) + (values.Count > 30 ? ", …" : "");

    private static string Show<T>(T value) => value switch
    {
        null => "null",
        string text => $"'{text}'",
        DateTimeOffset time => time.ToString("O"),
        _ => value.ToString() ?? "null",
    };
}
