namespace Fairlead.AspNetCore.Bodies;

/// <summary>The answer to an enqueue.</summary>
internal sealed record EnqueuedBody(long Id, bool Existing);

/// <summary>The answer to a cancellation.</summary>
internal sealed record CancelledBody(long Id, int Cancelled, int Running);

/// <summary>The answer to a retry.</summary>
internal sealed record RetriedBody(long Id, int Retried);
