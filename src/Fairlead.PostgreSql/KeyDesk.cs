using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>
/// Where keys are claimed, kept and given back. What became of an attempt that claimed a key is not written anywhere when it ends, but looked
/// at here: it runs, it completed its job, or the key is free.
/// </summary>
internal sealed class KeyDesk(Session session)
{
    private readonly Statements sql = session.Sql;
    private readonly Dictionary<AttemptKey, Fate> fates = [];

    public KeyAnswer[] Claim(KeyClaim claim)
    {
        var answers = new KeyAnswer[claim.Keys.Count];
        if (claim.Attempt is { } attempt && !FateOf(attempt).Runs)
        {
            Array.Fill(answers, KeyAnswer.Held);
            return answers;
        }
        for (var i = 0; i < answers.Length; i++)
        {
            answers[i] = Claim(claim, claim.Keys[i]);
        }
        return answers;
    }

    public int Settle(KeySettlement settlement)
    {
        if (!FateOf(settlement.Attempt).Runs)
        {
            return 0;
        }
        return Write(settlement);
    }

    /// <summary>The same for an attempt that was found to run before. Keys that are another's by now are left alone.</summary>
    public int Write(KeySettlement settlement)
    {
        var (job, fence) = (settlement.Attempt.Job.Value, settlement.Attempt.Fence);
        var changed = 0;
        foreach (var key in settlement.Keys)
        {
            changed += settlement.Keep
                ? sql["keep_key"].Add(settlement.Scope).Add(key).Add(job).Add(fence).Add(session.Now).Change()
                : sql["give_back_key"].Add(settlement.Scope).Add(key).Add(job).Add(fence).Change();
        }
        return changed;
    }

    private KeyAnswer Claim(KeyClaim claim, string key)
    {
        if (Take("add_key", claim, key) > 0)
        {
            return KeyAnswer.New;
        }
        var answer = Look(claim.Scope, key);
        // Whoever had it is gone. But it may have settled it in a transaction of its own that is still open, or was committed just now.
        if (answer == KeyAnswer.New && session.HoldStripe(KeyStripe.OfOnce(claim.Scope, key)))
        {
            answer = Look(claim.Scope, key);
        }
        if (answer == KeyAnswer.New)
        {
            Take("take_over_key", claim, key);
        }
        return answer;
    }

    private int Take(string verb, KeyClaim claim, string key)
    {
        long? expires = claim.Attempt is null ? session.Now + Moment.Of(claim.Keep) : null;
        return sql[verb].Add(claim.Scope).Add(key).Add(claim.Attempt?.Job.Value).Add(claim.Attempt?.Fence).Add(Moment.Of(claim.Keep)).Add(expires).Change();
    }

    /// <summary>How a key stands that somebody has claimed once.</summary>
    private KeyAnswer Look(string scope, string key)
    {
        var row = sql["taken_key"].Add(scope).Add(key);
        row.Step();
        var (owner, keep, expires) = (new AttemptKey(new(row.Long(0)), row.Long(1)), row.Long(2), row.MaybeLong(3));
        if (expires is null && FateOf(owner) is var fate)
        {
            if (fate.Runs)
            {
                return KeyAnswer.Held;
            }
            expires = fate.CompletedAt + keep;
        }
        return expires > session.Now ? KeyAnswer.Seen : KeyAnswer.New;
    }

    private Fate FateOf(AttemptKey attempt)
    {
        if (!fates.TryGetValue(attempt, out var fate))
        {
            var runs = sql["attempt_runs"].Add(attempt.Job.Value).Add(attempt.Fence).Any();
            fates.Add(attempt, fate = new(runs, runs ? null : sql["completed_by"].Add(attempt.Job.Value).Add(attempt.Fence).Number()));
        }
        return fate;
    }

    private readonly record struct Fate(bool Runs, long? CompletedAt);
}
