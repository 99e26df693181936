using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>
/// What the ends of many attempts must know, asked for all of them together: first what runs and what is known of its queues, then, where any
/// needs more than that (groups, limits, batches, next steps), all of it in one more round trip.
/// </summary>
internal sealed class EndingAttempts(long node, IReadOnlyList<JobTransition> transitions, IReadOnlyList<long> likelyQueues)
{
    private readonly Dictionary<AttemptKey, RunningJob> running = [];
    private Statement? rows;
    private Statement? facts;
    private Statement? dependency;

    /// <summary>The queues these attempts are of.</summary>
    public IReadOnlyList<long> Queues => [.. running.Values.Select(static job => job.Place.Queue).Distinct()];

    /// <summary>Asks the first questions.</summary>
    public void Ask(Statements sql)
    {
        rows = sql["running_among"].Add(node).Add([.. transitions.Select(static transition => transition.Attempt.Job.Value)]).Ahead();
        facts = sql["queue_facts"].Add([.. likelyQueues]).Ahead();
        dependency = sql["any_dependency"].Ahead();
    }

    /// <summary>Takes the answers, and asks the rest.</summary>
    public void Read(Session session)
    {
        if (rows is null)
        {
            Ask(session.Sql);
        }
        while (rows!.Step())
        {
            var job = RunningJob.Read(rows, 1, node, rows.Long(0));
            running[new(new(job.Place.Job), job.Place.Fence)] = job;
        }
        session.LearnFacts(facts!);
        session.LearnDependency(dependency!);
        ReadRest(session);
    }

    /// <summary>An attempt as it runs, once; null when the node does not hold it.</summary>
    public RunningJob? Take(AttemptKey attempt) => running.Remove(attempt, out var job) ? job : null;

    private void ReadRest(Session session)
    {
        var answers = new List<Action>();
        var ended = transitions.Where(transition => running.ContainsKey(transition.Attempt)).Select(transition => (Transition: transition, Job: running[transition.Attempt])).ToList();
        foreach (var queue in ended.Select(static end => end.Job.Place.Queue).Distinct())
        {
            _ = session.Facts(queue);
        }
        AskGroups(session, [.. ended.Select(static end => end.Job).Where(static job => job.Group != 0)], answers);
        AskJobs(session, [.. ended.Where(end => NeedsRow(session, end.Transition, end.Job)).Select(static end => end.Job.Place.Job)], answers);
        AskHeld(session, [.. ended.Where(static end => end.Job.Place.Flags.HasFlag(JobFlags.Holds) && !end.Transition.Abandoned).Select(static end => end.Transition.Attempt)], answers);
        AskBatches(session, [.. ended.Where(static end => end.Job.Place.Batch != 0).Select(static end => end.Job.Place)], answers);
        answers.ForEach(static answer => answer());
    }

    /// <summary>What goes on, is judged, or is followed by another one is looked up as it was enqueued.</summary>
    private static bool NeedsRow(Session session, JobTransition transition, in RunningJob job) =>
        !transition.To.IsEnded()
        || (job.Group != 0 && transition.BreakerVerdict is not null)
        || (transition.To == JobStatus.Completed && (job.Place.Flags.HasFlag(JobFlags.Then) || session.Facts(job.Place.Queue).Definition?.Then is not null));

    private static void AskGroups(Session session, IReadOnlyList<RunningJob> grouped, List<Action> answers)
    {
        if (grouped.Count == 0)
        {
            return;
        }
        long[] ids = [.. grouped.Select(static job => job.Group).Distinct()];
        long[] queues = [.. grouped.Select(static job => job.Place.Queue).Distinct()];
        var (groups, lanes) = (session.Sql["groups"].Add(ids).Ahead(), session.Sql["lanes_of"].Add(ids).Ahead());
        var estimates = session.Sql["line_estimates"].Add(queues).Ahead();
        answers.Add(() => session.LearnGroups(groups, lanes));
        answers.Add(() => session.LearnEstimates(queues, estimates));
    }

    private static void AskJobs(Session session, long[] jobs, List<Action> answers)
    {
        if (jobs.Length > 0)
        {
            var enqueued = session.Sql["job_rows"].Add(jobs).Ahead();
            answers.Add(() => session.LearnJobs(enqueued));
        }
    }

    private void AskHeld(Session session, IReadOnlyList<AttemptKey> holding, List<Action> answers)
    {
        if (holding.Count > 0)
        {
            var held = session.Sql["held_by_jobs"].Add(node).Add([.. holding.Select(static attempt => attempt.Job.Value)]).Ahead();
            answers.Add(() => session.LearnHeld(holding, held));
        }
    }

    private static void AskBatches(Session session, IReadOnlyList<Place> items, List<Action> answers)
    {
        if (items.Count == 0)
        {
            return;
        }
        long[] batches = [.. items.Select(static item => item.Batch).Distinct()];
        var tallies = session.Sql["tallies"].Add(batches).Ahead();
        answers.Add(() => session.LearnTallies(batches, tallies));
        var shared = items.Where(static item => item.Flags.HasFlag(JobFlags.Shared)).GroupBy(static item => item.Batch).ToList();
        if (shared.Count > 0)
        {
            long[] bounded = [.. shared.Select(static batch => batch.Key)];
            var most = shared.Max(static batch => batch.Count()) + 1;
            var (places, parked) = (session.Sql["batch_places"].Add(bounded).Ahead(), session.Sql["parked"].Add(bounded).Add(most).Ahead());
            answers.Add(() => session.LearnPlaces(bounded, places, parked, most));
        }
    }
}
