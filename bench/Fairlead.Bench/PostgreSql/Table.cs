namespace Fairlead.Bench.PostgreSql;

/// <summary>Prints rows as docs/performance.md holds them.</summary>
internal static class Table
{
    public static void Head(params string[] cells)
    {
        Row(cells);
        Console.WriteLine($"|{string.Concat(cells.Select(static _ => "---|"))}");
    }

    public static void Row(params string[] cells) => Console.WriteLine($"| {string.Join(" | ", cells)} |");
}
