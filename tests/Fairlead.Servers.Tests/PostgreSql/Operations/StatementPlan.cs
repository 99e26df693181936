using System.Text.Json;
using System.Text.RegularExpressions;
using Npgsql;

namespace Fairlead.Servers.Tests.PostgreSql.Operations;

/// <summary>How the server would do a statement whose values it does not know: the plan it settles on for a prepared one.</summary>
internal sealed partial class StatementPlan(NpgsqlConnection connection)
{
    private static readonly string[] s_unknownType = [PostgresErrorCodes.IndeterminateDatatype, PostgresErrorCodes.AmbiguousParameter];

    /// <summary>
    /// What reads more than it must: tables read from end to end, indexes read from end to end, or by a later column than their first; rows that come with
    /// the statement and are compared with those of a table instead of being looked up.
    /// </summary>
    /// <param name="statement">The statement.</param>
    /// <param name="big">Tables that grow.</param>
    /// <param name="firstColumns">The first column of each index.</param>
    public async Task<List<string>> ProblemsAsync(string statement, IReadOnlySet<string> big, IReadOnlyDictionary<string, string> firstColumns)
    {
        var problems = new List<string>();
        Look((await ExplainAsync(statement)).GetProperty("Plan"), limited: false, big, firstColumns, problems);
        return problems;
    }

    private static void Look(JsonElement node, bool limited, IReadOnlySet<string> big, IReadOnlyDictionary<string, string> firstColumns, List<string> problems)
    {
        var type = Text(node, "Node Type");
        if (type == "Seq Scan" && big.Contains(Text(node, "Relation Name")))
        {
            problems.Add($"reads all of {Text(node, "Relation Name")}");
        }
        if (Text(node, "Join Filter") is { Length: > 0 } filter && Tables(node).Any(big.Contains))
        {
            problems.Add($"compares all with all by {filter}");
        }
        if (Text(node, "Index Name") is { Length: > 0 } index && firstColumns.TryGetValue(index, out var first))
        {
            var condition = Text(node, "Index Cond");
            if (condition.Length == 0 && !limited)
            {
                problems.Add($"reads all of index {index}");
            }
            else if (condition.Length > 0 && !Regex.IsMatch(condition, $@"\b{first}\b", RegexOptions.None, TimeSpan.FromSeconds(1)))
            {
                problems.Add($"reads index {index} by {condition}, which says nothing of {first}");
            }
        }
        if (node.TryGetProperty("Plans", out var below))
        {
            foreach (var child in below.EnumerateArray())
            {
                Look(child, limited || type == "Limit", big, firstColumns, problems);
            }
        }
    }

    private static IEnumerable<string> Tables(JsonElement node) =>
        (node.TryGetProperty("Plans", out var below) ? below.EnumerateArray().SelectMany(Tables) : []).Prepend(Text(node, "Relation Name"));

    private static string Text(JsonElement node, string property) => node.TryGetProperty(property, out var value) ? value.GetString()! : "";

    private async Task<JsonElement> ExplainAsync(string statement)
    {
        var types = Enumerable.Repeat("unknown", Parameter().Matches(statement).Select(static match => int.Parse(match.Groups["number"].ValueSpan)).DefaultIfEmpty().Max()).ToArray();
        await PrepareAsync(statement, types);
        var values = types.Length == 0 ? "" : $"({string.Join(", ", types.Select(static _ => "NULL"))})";
        await using var explain = new NpgsqlCommand($"EXPLAIN (FORMAT JSON) EXECUTE looked_at{values}", connection);
        var plan = (string)(await explain.ExecuteScalarAsync())!;
        await ExecuteAsync("DEALLOCATE looked_at");
        return JsonDocument.Parse(plan).RootElement[0];
    }

    // The server finds the types by what is done with the values; where it cannot, they are numbers, as nearly all are.
    private async Task PrepareAsync(string statement, string[] types)
    {
        while (true)
        {
            try
            {
                await ExecuteAsync($"PREPARE looked_at{(types.Length == 0 ? "" : $"({string.Join(", ", types)})")} AS {statement}");
                return;
            }
            catch (PostgresException error) when (s_unknownType.Contains(error.SqlState) && Unknown(error.MessageText, types) is { } unknown)
            {
                types[unknown] = "bigint";
            }
        }
    }

    private static int? Unknown(string message, string[] types) =>
        Parameter().Match(message) is { Success: true } match && int.Parse(match.Groups["number"].ValueSpan) - 1 is var at && types[at] == "unknown" ? at : null;

    private async Task ExecuteAsync(string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { AllResultTypesAreUnknown = true };
        await command.ExecuteNonQueryAsync();
    }

    [GeneratedRegex(@"\$(?<number>\d+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Parameter();
}
