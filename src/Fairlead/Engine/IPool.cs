using Fairlead.Storage;

namespace Fairlead.Engine;

/// <summary>A queue's own worker, made of processes that come and go. Every member may be called from any thread.</summary>
internal interface IPool : IWorker
{
    /// <summary>Called when it can hold more than before.</summary>
    Action? Grown { get; set; }

    /// <summary>Called when <see cref="Tend" /> has something to do sooner than it said, or <see cref="Report" /> has changed.</summary>
    Action? Stirred { get; set; }

    /// <summary>How many attempts it may ever hold, with as many processes as it may have.</summary>
    int Slots { get; }

    /// <summary>The policies of its queue that are in force, at first and after every change.</summary>
    void Obey(QueueDefinition queue);

    /// <summary>Does what time alone asks for: ends idle processes, starts spares, keeps deadlines.</summary>
    /// <returns>How long until it has to be called again.</returns>
    TimeSpan Tend();

    /// <summary>What it is doing.</summary>
    PoolReport Report();

    /// <summary>Nothing more is given to it: it starts nothing, and lets its processes go when their jobs have ended. It has to be tended until it <see cref="IsGone" />.</summary>
    void Close();

    /// <summary>True when it was closed and its last process is gone.</summary>
    bool IsGone { get; }

    /// <summary>Ends one of its processes, whatever it does.</summary>
    /// <returns>False when it has none of that id.</returns>
    bool End(string worker);
}
