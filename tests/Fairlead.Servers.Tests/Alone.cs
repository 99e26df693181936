namespace Fairlead.Servers.Tests;

/// <summary>Tests that promise something by the clock, or load the machine by themselves: they run one after the other, when all the others are through.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
