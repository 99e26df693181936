namespace Fairlead.PostgreSql;

/// <summary>The rule for names of queues and kinds.</summary>
internal static class Names
{
    private const int Longest = 200;

    public static void Check(string name, string what)
    {
        if (name is not { Length: > 0 and <= Longest })
        {
            throw new ArgumentException($"Expected a {what} name of 1 to {Longest} characters; got {name?.Length ?? 0}.", nameof(name));
        }
    }
}
