using System.Diagnostics.CodeAnalysis;
using Fairlead.Storage;

namespace Fairlead.AspNetCore.Bodies;

/// <summary>The pool of one queue on one node in <c>pools --json</c>: whose it is, and the same figures as in <c>GET stats</c>.</summary>
internal sealed record NodePoolBody : PoolFiguresBody
{
    [SetsRequiredMembers]
    private NodePoolBody(PoolFiguresBody figures, NodePool on)
        : base(figures)
    {
        (Queue, Label, Node, NodeName, Nodes) = (on.Pool.Queue, on.Pool.Label, on.Node.Value, on.NodeName, null);
    }

    public string Queue { get; }

    public string Label { get; }

    public long Node { get; }

    public string NodeName { get; }

    public static NodePoolBody Of(NodePool on) => new(PoolFiguresBody.Of([on.Pool])!, on);
}
