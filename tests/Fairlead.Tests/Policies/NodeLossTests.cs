using Fairlead.Policies;

namespace Fairlead.Tests.Policies;

public sealed class NodeLossTests
{
    [Theory]
    [InlineData(1, false, JobStatus.Queued, false)]
    [InlineData(2, false, JobStatus.Queued, true)]
    [InlineData(3, false, JobStatus.Failed, true)]
    [InlineData(4, false, JobStatus.Failed, true)]
    [InlineData(1, true, JobStatus.Cancelled, false)]
    [InlineData(3, true, JobStatus.Failed, true)]
    public void Two_lost_nodes_mean_alone_three_mean_poison(int lost, bool cancelRequested, JobStatus status, bool solo)
    {
        NodeLoss.Settle(lost, cancelRequested).Status.ShouldBe(status);
        NodeLoss.IsSolo(lost).ShouldBe(solo);
    }
}
