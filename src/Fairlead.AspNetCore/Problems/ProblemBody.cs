using Microsoft.AspNetCore.WebUtilities;

namespace Fairlead.AspNetCore.Problems;

/// <summary>The body of every error, RFC 9457.</summary>
/// <param name="Type"><c>urn:fairlead:problem:</c> and what programs tell problems apart by.</param>
/// <param name="Title">The status in words.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Detail">What was expected, what came, the way out.</param>
internal sealed record ProblemBody(string Type, string Title, int Status, string Detail)
{
    public const string MediaType = "application/problem+json";

    public static ProblemBody Of(Problem problem) =>
        new($"urn:fairlead:problem:{problem.Code}", ReasonPhrases.GetReasonPhrase(problem.Status), problem.Status, problem.Message);
}
