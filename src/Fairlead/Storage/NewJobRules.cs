namespace Fairlead.Storage;

/// <summary>What every job must hold before a store sees it, however it was made.</summary>
internal static class NewJobRules
{
    /// <summary>The deadline of jobs that name none.</summary>
    public static readonly TimeSpan DefaultDeadline = TimeSpan.FromDays(7);

    /// <summary>Returns <paramref name="job" /> if it is sound, <see cref="WithKeys">with the keys</see> that its payload names.</summary>
    /// <exception cref="ArgumentException">It is not; the message says what was expected, what came, and the way out.</exception>
    public static NewJob Check(NewJob job, QueueDefinition queue)
    {
        CheckName(job.Queue, "A queue's name");
        CheckName(job.Kind.Name, "A job's name");
        job = WithKeys(job, queue);
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

    /// <summary>
    /// The group and the unique key that the payload names, where the queue says where they are and the job names none itself. Producers
    /// apply it, so that a bad key is refused where it is made; stores apply it to whatever comes in, since not every producer knows the
    /// queue's definition: next steps, workers in other languages, commands.
    /// </summary>
    /// <param name="job">The job.</param>
    /// <param name="queue">Its queue; null while no node has declared it.</param>
    public static NewJob WithKeys(NewJob job, QueueDefinition? queue)
    {
        if (job.Group is null && queue?.Group is { } group)
        {
            job = job with { Group = JsonPointer.Text(job.Payload, group) };
        }
        return job.UniqueKey is null && queue?.Unique is not null ? job with { UniqueKey = UniqueKeyOf(job, queue) } : job;
    }

    /// <summary>The unique key of a job in that queue; null for none.</summary>
    public static string? UniqueKeyOf(NewJob job, QueueDefinition? queue) =>
        job.UniqueKey ?? (queue?.Unique is { } unique ? JsonPointer.Text(job.Payload, unique) : null);

    /// <summary>The next step of a completed job, as stores add it: in the group its own queue finds in the result, else in the group it comes from.</summary>
    /// <param name="step">The step, with the completed job's result and what it hands on.</param>
    /// <param name="group">The completed job's group.</param>
    /// <param name="queue">The step's queue; null while no node has declared it.</param>
    public static NewJob Following(NewJob step, string? group, QueueDefinition? queue)
    {
        var found = WithKeys(step, queue);
        return found with { Group = found.Group ?? group };
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
