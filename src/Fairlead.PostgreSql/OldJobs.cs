using System.Runtime.InteropServices;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>Ids that follow each other, all of which may be forgotten: jobs, and batches with all their items.</summary>
/// <param name="First">The first.</param>
/// <param name="Last">The last.</param>
internal readonly record struct JobRange(long First, long Last);

/// <summary>
/// Finds what may be forgotten: a walk upward by id, and ids grow with time, so it ends at the first job that is too young. What is kept longer than the rest
/// would be passed again each time: so a second, longer part of the walk goes on where it was, and begins anew now and then for those that ended late.
/// </summary>
internal sealed class OldJobs
{
    private const int PageSize = 2000;
    private static readonly TimeSpan s_anew = TimeSpan.FromHours(1);

    private readonly Lock gate = new();
    private Retention? retention;
    private DateTimeOffset began;
    private long passed;

    /// <summary>The oldest ranges, so many that about <paramref name="limit" /> jobs are in them.</summary>
    public List<JobRange> Find(Statements sql, DateTimeOffset now, Retention kept, int limit)
    {
        lock (gate)
        {
            if (kept != retention || now - began >= s_anew || now < began)
            {
                (retention, began, passed) = (kept, now, 0);
            }
            var walk = new Walk(sql, Moment.Of(now - kept.Completed), Moment.Of(now - kept.Failed), limit);
            walk.To(Math.Min(walk.EndedWell, walk.EndedBadly));
            walk.GoOnAt(passed);
            walk.To(Math.Max(walk.EndedWell, walk.EndedBadly));
            passed = walk.At;
            return walk.Found;
        }
    }

    /// <summary>Something there was kept after all: it is looked at again.</summary>
    public void KeptFrom(long first)
    {
        lock (gate)
        {
            passed = Math.Min(passed, first - 1);
        }
    }

    private sealed class Walk(Statements sql, long endedWell, long endedBadly, int limit)
    {
        private int room = limit;
        private bool keptOne = true;

        public long EndedWell => endedWell;

        public long EndedBadly => endedBadly;

        public long At { get; private set; }

        public List<JobRange> Found { get; } = [];

        /// <summary>What is between was looked at before, and is kept for now.</summary>
        public void GoOnAt(long id)
        {
            if (id > At)
            {
                (At, keptOne) = (id, true);
            }
        }

        /// <summary>Walks until a job was enqueued after <paramref name="enqueued" />, or enough is found.</summary>
        public void To(long enqueued)
        {
            while (room > 0 && Page(enqueued))
            {
            }
        }

        private bool Page(long enqueued)
        {
            var row = sql["old_jobs"].Add(At).Add(endedWell).Add(endedBadly).Add(PageSize);
            var read = 0;
            while (room > 0 && row.Step())
            {
                read++;
                if (row.Long(1) > enqueued)
                {
                    return false;
                }
                // An item goes with its batch, which was met before it.
                if (row.Long(0) > At)
                {
                    Meet(new(row.Long(0), row.Long(0) + row.Long(2)), row.Long(3) != 0);
                }
            }
            return read == PageSize;
        }

        private void Meet(JobRange job, bool mayGo)
        {
            At = job.Last;
            if (!mayGo)
            {
                keptOne = true;
                return;
            }
            room -= (int)Math.Min(room, job.Last - job.First + 1);
            if (keptOne)
            {
                Found.Add(job);
            }
            else
            {
                ref var before = ref CollectionsMarshal.AsSpan(Found)[^1];
                before = before with { Last = job.Last };
            }
            keptOne = false;
        }
    }
}
