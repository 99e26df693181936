namespace Fairlead.AspNetCore.Bodies;

/// <summary>The answer of <c>/healthz</c> and <c>/readyz</c>.</summary>
/// <param name="Status"><c>alive</c> or <c>ready</c>.</param>
/// <param name="Store">The store that answered.</param>
internal sealed record HealthBody(string Status, string? Store);
