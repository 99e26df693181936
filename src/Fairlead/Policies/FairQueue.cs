namespace Fairlead.Policies;

/// <summary>
/// Start-time fair queueing over the groups of a queue, charged by run time (Goyal, Vin, Cheng: "Start-time Fair Queueing", 1996; for D
/// slots: Jin, Chase, Kaur, 2004). The group with the smallest start tag goes next. What its job will take is not known then: an estimate
/// is charged, and corrected when it is known, without which the bound does not hold. Over any interval in which two groups have work
/// waiting, their service per weight differs by at most <c>(D + 1) · (c_f/w_f + c_g/w_g)</c>, c being a group's longest attempt or largest estimate.
/// </summary>
public static class FairQueue
{
    /// <summary>What is charged for a job of which nothing is known, in seconds.</summary>
    public const double Unknown = 1;

    /// <summary>The tag of a group that has work again: nobody saves up for later.</summary>
    /// <param name="tag">The tag it left with.</param>
    /// <param name="clock">The queue's virtual time: the tag of what was started last.</param>
    public static double Returned(double tag, double clock) => Math.Max(tag, clock);

    /// <summary>The tag after so much service.</summary>
    /// <param name="tag">The tag before.</param>
    /// <param name="seconds">Service in seconds; negative to take back what was charged too much.</param>
    /// <param name="weight">The group's weight; more than zero.</param>
    public static double Charged(double tag, double seconds, double weight) => tag + (seconds / weight);

    /// <summary>A moving average of run times; the first one counts whole.</summary>
    /// <param name="estimate">The average so far; negative for none.</param>
    /// <param name="seconds">One more.</param>
    public static double Learned(double estimate, double seconds) => estimate < 0 ? seconds : estimate + ((seconds - estimate) * 0.2);
}
