using Microsoft.Data.Sqlite;

namespace Fairlead.Samples.Tests.ProductAnalysis;

/// <summary>What the program's own tables say about an analysis, read past the program.</summary>
/// <param name="Status">Its status.</param>
/// <param name="Total">How many products.</param>
/// <param name="Processed">How many have ended.</param>
/// <param name="Succeeded">Of them, well.</param>
/// <param name="Failed">Of them, not.</param>
/// <param name="Cancelled">Of them, cancelled.</param>
/// <param name="Updates">How often progress was pushed.</param>
/// <param name="Finished">Whether it is finished.</param>
/// <param name="Results">How many products' prices are there.</param>
internal sealed record AnalysisRow(string Status, int Total, int Processed, int Succeeded, int Failed, int Cancelled, int Updates, bool Finished, int Results)
{
    public static AnalysisRow Read(string file, long analysis)
    {
        using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = """
            SELECT status, total_items, processed_items, success_count, error_count, cancelled_count, updates, finished_at IS NOT NULL,
                (SELECT COUNT(*) FROM analysis_results WHERE analysis = id)
            FROM analysis_jobs WHERE id = @id
            """;
        command.Parameters.AddWithValue("@id", analysis);
        using var row = command.ExecuteReader();
        row.Read().ShouldBeTrue($"analysis {analysis} stands in the table");
        return new(
            row.GetString(0), row.GetInt32(1), row.GetInt32(2), row.GetInt32(3), row.GetInt32(4), row.GetInt32(5), row.GetInt32(6), row.GetBoolean(7), row.GetInt32(8));
    }
}
