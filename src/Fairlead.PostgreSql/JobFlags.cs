namespace Fairlead.PostgreSql;

/// <summary>What a job has that most have not: read where it runs, so that the many without it cost no further look.</summary>
[Flags]
internal enum JobFlags : long
{
    None = 0,

    /// <summary>It holds a unique key.</summary>
    Unique = 1,

    /// <summary>It names its own next step.</summary>
    Then = 2,

    /// <summary>It is an item of a batch that runs only so many at once.</summary>
    Shared = 4,

    /// <summary>It is a batch.</summary>
    Batch = 8,

    /// <summary>It has a group.</summary>
    Grouped = 16,

    /// <summary>Its attempt holds permits of numbers at once; only where it runs.</summary>
    Holds = 32,
}
