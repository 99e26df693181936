using Fairlead.Diagnostics;

namespace Fairlead.PostgreSql;

/// <summary>What blocks one queue as a whole, as a claim finds it: only what changes is written. Groups' own blocks are theirs.</summary>
internal sealed class OpenBlocks
{
    private readonly Session session;
    private readonly long queue;
    private readonly HashSet<(WaitCause Cause, string Key)> open = [];
    private readonly HashSet<string> asked = new(StringComparer.Ordinal);

    /// <summary>What lasts now for slots, and of <paramref name="keys" />.</summary>
    public OpenBlocks(Session session, long queue, params string[] keys)
        : this(session, queue, Ask(session, queue, keys))
    {
    }

    /// <summary>The same from what <c>open_blocks</c> answered in this operation.</summary>
    public OpenBlocks(Session session, long queue, Statement rows)
    {
        (this.session, this.queue) = (session, queue);
        for (var row = 0; row < rows.Count; row++)
        {
            if (rows.At(row).Long(0) == queue)
            {
                open.Add(((WaitCause)rows.Int(1), rows.Text(2)));
            }
        }
    }

    /// <summary>Whether others than those asked about lack slots.</summary>
    public bool OthersLackSlots => open.Any(block => block.Cause == WaitCause.Slot && !asked.Contains(block.Key));

    /// <summary>Slots are lacking from now on, or no longer.</summary>
    public void SetSlot(string key, bool blocks)
    {
        asked.Add(key);
        Set(WaitCause.Slot, key, blocks);
    }

    /// <summary>A block lasts from now on, or lasts no longer.</summary>
    public void Set(WaitCause cause, string key, bool blocks)
    {
        if (blocks != open.Contains((cause, key)))
        {
            Write(cause, key, blocks);
        }
    }

    private static Statement Ask(Session session, long queue, string[] keys)
    {
        session.WriteBlocks();
        return session.Sql["open_blocks"].Add([queue]).Add(keys);
    }

    private void Write(WaitCause cause, string key, bool blocks)
    {
        if (blocks)
        {
            session.OpenBlock(queue, cause, key);
        }
        else
        {
            session.CloseBlock(queue, cause, key);
        }
    }
}
