using Fairlead.Engine;

namespace Fairlead.Testing.Simulation;

/// <summary>Runs attempts by their plans, in virtual time, and tells the auditor when each begins and ends.</summary>
internal sealed class SimulatedWorker(SimulatedNode node, Auditor auditor, PlanBook plans, TimeProvider time) : IWorker
{
    public bool EndsWork => false;

    public async Task<WorkResult> RunAsync(Attempt attempt, CancellationToken cancellationToken)
    {
        auditor.AttemptStarted(node, attempt.Job.Key, cancellationToken.IsCancellationRequested);
        var plan = plans.Find(attempt.Job.Payload);
        try
        {
            await Task.Delay(plan.Takes, time, plan.Deaf ? CancellationToken.None : cancellationToken);
        }
        catch (OperationCanceledException)
        {
            auditor.AttemptEnded(node, attempt.Job.Key, "stopped");
            return new WorkResult.Stopped();
        }
        var result = End(plan, attempt.Job.Attempt);
        auditor.AttemptEnded(node, attempt.Job.Key, result.GetType().Name);
        return result;
    }

    private static WorkResult End(WorkPlan plan, int attempt)
    {
        if (plan.Deferrals > 0)
        {
            plan.Deferrals--;
            return new WorkResult.Deferred(TimeSpan.FromSeconds(1 + (plan.Tag % 4)), "later");
        }
        if (attempt <= plan.Failures)
        {
            return new WorkResult.Failed("planned");
        }
        return plan.FailsForGood
            ? new WorkResult.Failed("planned, for good", Retryable: false)
            : new WorkResult.Completed(plan.Result == 0 ? default : WorkPlan.Write(plan.Result)) { Enqueue = plan.Children, Children = plan.Branch };
    }
}
