using Fairlead.Diagnostics;

namespace Fairlead.PostgreSql;

/// <summary>What blocks one queue as a whole, as a claim finds it: only what changes is written. Groups' own blocks are theirs.</summary>
internal sealed class OpenBlocks
{
    private readonly Session session;
    private readonly long queue;
    private readonly HashSet<string> slots = new(StringComparer.Ordinal);
    private readonly HashSet<string> asked = new(StringComparer.Ordinal);

    public OpenBlocks(Session session, long queue)
    {
        (this.session, this.queue) = (session, queue);
        var row = session.Sql["open_slot_blocks"].Add(queue);
        while (row.Step())
        {
            slots.Add(row.Text(0));
        }
    }

    /// <summary>Whether others than those asked about lack slots.</summary>
    public bool OthersLackSlots => slots.Any(key => !asked.Contains(key));

    /// <summary>Slots are lacking from now on, or no longer.</summary>
    public void SetSlot(string key, bool blocks)
    {
        asked.Add(key);
        if (blocks != slots.Contains(key))
        {
            Write(WaitCause.Slot, key, blocks);
        }
    }

    /// <summary>A block lasts from now on, or lasts no longer.</summary>
    public void Set(WaitCause cause, string key, bool blocks)
    {
        if (blocks != session.Sql["block_is_open"].Add(queue).Add((long)cause).Add(key).Any())
        {
            Write(cause, key, blocks);
        }
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
