using Fairlead.Batches;

namespace Fairlead.Cli.Runs;

/// <summary>Shows how far a run has come.</summary>
internal interface IRunDisplay : IAsyncDisposable
{
    /// <summary>The counts as they are now.</summary>
    void Show(StateTally items);

    /// <summary>Says something between.</summary>
    void Say(string message);
}
