using Fairlead.Processes;

namespace Fairlead.Tests.Processes;

/// <summary>A mark says whose a process is, and only of marks of this layout.</summary>
public sealed class JobMarksTell
{
    private static readonly DateTimeOffset s_now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_node_the_warden_and_the_job()
    {
        var node = JobMark.NodeOf(4711, 123_456_789);
        var warden = JobMark.ForWarden(node, 3, s_now);
        (warden.IsValid, warden.Node, warden.Warden).ShouldBe((true, node, warden));
        var job = warden.ForJob(5);
        (job.IsValid, job.Node, job.Warden, job.IsOf(warden)).ShouldBe((true, node, warden, true));
        job.ShouldNotBe(warden);
        JobMark.ForWarden(node, 4, s_now).IsOf(warden).ShouldBeFalse();
    }

    [Fact]
    public void Processes_of_the_same_number_or_start_are_told_apart()
    {
        var nodes = new[] { JobMark.NodeOf(4711, 1000), JobMark.NodeOf(4712, 1000), JobMark.NodeOf(4711, 1001), JobMark.NodeOf(1, 1) };
        nodes.Distinct().Count().ShouldBe(nodes.Length);
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(ulong.MaxValue)]
    [InlineData(0x2000_0000_0000_0001UL)]
    public void Other_limits_and_the_marks_of_the_first_layout_are_none(ulong value) => new JobMark(value).IsValid.ShouldBeFalse();
}
