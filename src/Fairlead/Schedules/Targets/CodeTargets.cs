using System.Text.Json;
using Fairlead.Engine;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Schedules.Targets;

/// <summary>The targets that an application's own code lists, and how they are told apart.</summary>
/// <param name="List">Lists them, with services of a scope of its own.</param>
/// <param name="Key">The key of one.</param>
internal sealed record TargetsInCode<TTarget>(Func<IServiceProvider, CancellationToken, IAsyncEnumerable<TTarget>> List, Func<TTarget, string> Key);

/// <summary>Reads the targets that code lists.</summary>
internal sealed class CodeTargets<TTarget>(TargetsInCode<TTarget> targets, IServiceScopeFactory scopes, JsonSerializerOptions json) : ITargetSource
    where TTarget : notnull
{
    /// <inheritdoc />
    public async ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> ReadAsync(Attempt attempt, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var read = new List<ReadOnlyMemory<byte>>();
        await foreach (var target in targets.List(scope.ServiceProvider, cancellationToken).WithCancellation(cancellationToken))
        {
            read.Add(TargetEnvelope.Seal(targets.Key(target), target, json));
        }
        return read;
    }
}

/// <summary>A target of a program as a payload: its key beside it, since only code can read the key out of the target itself.</summary>
internal static class TargetEnvelope
{
    private const string Content = "value";

    public static ReadOnlyMemory<byte> Seal<TTarget>(string key, TTarget target, JsonSerializerOptions json) => JsonSerializer.SerializeToUtf8Bytes(
        new Dictionary<string, JsonElement> { [Noun<TTarget>()] = JsonSerializer.SerializeToElement(key, json), [Content] = JsonSerializer.SerializeToElement(target, json) }, json);

    public static TTarget Open<TTarget>(ReadOnlyMemory<byte> sealedTarget, JsonSerializerOptions json)
    {
        using var document = JsonDocument.Parse(sealedTarget);
        return document.RootElement.GetProperty(Content).Deserialize<TTarget>(json)!;
    }

    /// <summary>What such a target is called: the last word of its type's name (<c>EbayAccount</c>: account), for the program's own types.</summary>
    public static string Noun<TTarget>()
    {
        var name = typeof(TTarget).Name;
        var word = name[Math.Max(0, name.AsSpan().LastIndexOfAnyInRange('A', 'Z'))..];
        return typeof(TTarget).Namespace?.StartsWith("System", StringComparison.Ordinal) == true || !word.All(char.IsLetter) ? "target" : word.ToLowerInvariant();
    }
}
