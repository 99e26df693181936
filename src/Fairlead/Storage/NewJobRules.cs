namespace Fairlead.Storage;

/// <summary>What every job must hold before a store sees it, however it was made.</summary>
internal static class NewJobRules
{
    /// <summary>The deadline of jobs that name none.</summary>
    public static readonly TimeSpan DefaultDeadline = TimeSpan.FromDays(7);

    /// <summary>Returns <paramref name="job" /> if it is sound, with the group that its payload names where the queue says so.</summary>
    /// <exception cref="ArgumentException">It is not; the message says what was expected, what came, and the way out.</exception>
    public static NewJob Check(NewJob job, QueueDefinition queue)
    {
        CheckName(job.Queue, "A queue's name");
        CheckName(job.Kind.Name, "A job's name");
        if (job.Group is null && queue.Group is { } pointer)
        {
            job = job with { Group = JsonPointer.Text(job.Payload, pointer) };
        }
        if (job.Group is not null)
        {
            CheckName(job.Group, "A group");
        }
        if (job.UniqueKey is not null)
        {
            CheckName(job.UniqueKey, "A unique key");
        }
        if (job.Priority is < -1000 or > 1000)
        {
            throw new ArgumentException($"Priority expects -1000 to 1000; got {job.Priority}.");
        }
        if (job.Payload.Length > queue.MaxPayload)
        {
            throw new ArgumentException(
                $"The payload has {job.Payload.Length:N0} bytes, queue '{queue.Name}' takes at most {queue.MaxPayload:N0}. Store it elsewhere and enqueue its address, or raise max_payload.");
        }
        if (job.Timeout <= TimeSpan.Zero || job.Deadline <= TimeSpan.Zero)
        {
            throw new ArgumentException($"Timeout and Deadline expect more than zero; got {job.Timeout} and {job.Deadline}.");
        }
        if (job.Retries < 0)
        {
            throw new ArgumentException($"Retries expects zero or more; got {job.Retries}.");
        }
        return job;
    }

    /// <summary>Names have 1 to 200 characters and no control characters.</summary>
    public static void CheckName(string name, string what)
    {
        if (name.Length is 0 or > 200 || name.AsSpan().ContainsAnyInRange('\0', '\x1f'))
        {
            throw new ArgumentException($"{what} has 1 to 200 characters and no control characters; got {(name.Length > 200 ? $"{name.Length} characters" : $"'{name}'")}.");
        }
    }
}
