using Fairlead.Engine;

namespace Fairlead.Schedules.Targets;

/// <summary>Targets that stand in a file, which is read anew for every cycle.</summary>
/// <param name="path">Where it is, in full.</param>
/// <param name="name">What it is called in messages.</param>
internal sealed class FileTargets(string path, string name) : ITargetSource
{
    /// <inheritdoc />
    public async ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> ReadAsync(Attempt attempt, CancellationToken cancellationToken) =>
        TargetText.Read(await BytesAsync(cancellationToken), name);

    private async ValueTask<byte[]> BytesAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > TargetText.MostBytes })
            {
                throw TargetText.TooLarge(name);
            }
            return await File.ReadAllBytesAsync(path, cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new TargetsUnreadableException($"The file of targets cannot be read: {error.Message}", error);
        }
    }
}
