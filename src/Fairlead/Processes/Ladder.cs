namespace Fairlead.Processes;

/// <summary>Finds the highest rung this system offers.</summary>
internal static class Ladder
{
    /// <summary>Climbs as high as it can, or as high as <paramref name="wanted" />; the yard is there only on the highest rung.</summary>
    internal static Containment Climb(Rung wanted, JobMark warden, TimeProvider time, out CgroupYard? yard)
    {
        yard = null;
        if (!OperatingSystem.IsLinux())
        {
            return new(Rung.Group, "process groups; Linux alone lets orphans be held");
        }
        if (wanted is Rung.Group or Rung.Tree)
        {
            return new(wanted, "as asked for");
        }
        if (!warden.Apply())
        {
            return new(Rung.Tree, "process groups, parents, sessions and environment; this system refuses to set the limit that marks a job's processes");
        }
        if (wanted == Rung.Mark)
        {
            return new(Rung.Mark, "as asked for");
        }
        yard = CgroupYard.TryMake(warden, wanted == Rung.Cgroup, time, out var whyNot);
        return yard is null
            ? new(Rung.Mark, $"a mark that every process of a job inherits; no cgroups: {whyNot}")
            : new(Rung.Cgroup, $"cgroups in {yard.Place}, and a mark that every process of a job inherits");
    }
}
