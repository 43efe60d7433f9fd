// Dominator tree of a rooted directed graph in compressed rows.
// Lengauer & Tarjan, TOPLAS 1(1), 1979, doi:10.1145/357062.357071: the simple variant (path compression, no balancing), without recursion.
// Everything after the search works on preorder numbers 1..count; 0 means "none".
using System;

namespace Peer;

public sealed class DominatorTree
{
    /// <summary>Immediate dominator of each node; the virtual root is node n and its own; -1: not reachable.</summary>
    public int[] Parent { get; }

    /// <summary>Reachable nodes in preorder of a depth-first search; the virtual root comes first.</summary>
    public int[] Order { get; }

    readonly int nodes;
    readonly long[] row;
    readonly int[] column, roots;
    readonly int[] number;      // node → preorder number
    int[] vertex = Array.Empty<int>(), treeParent = Array.Empty<int>();
    int count;

    public DominatorTree(int nodes, long[] row, int[] column, int[] roots)
    {
        (this.nodes, this.row, this.column, this.roots) = (nodes, row, column, roots);
        number = new int[nodes + 1];
        Search();
        Parent = Link();
        Order = vertex.AsSpan(1, count).ToArray();
    }

    ReadOnlySpan<int> Successors(int node) =>
        node == nodes ? roots : column.AsSpan((int)row[node], (int)(row[node + 1] - row[node]));

    void Search()
    {
        vertex = new int[nodes + 2];
        treeParent = new int[nodes + 2];
        var stack = new int[nodes + 1];
        var next = new int[nodes + 1];
        int depth = 0;
        Enter(nodes, 0);
        stack[depth++] = nodes;
        while (depth > 0)
        {
            int v = stack[depth - 1];
            var successors = Successors(v);
            int i = next[depth - 1];
            while (i < successors.Length && number[successors[i]] != 0)
                i++;
            if (i == successors.Length)
            {
                depth--;
                continue;
            }
            next[depth - 1] = i + 1;
            Enter(successors[i], number[v]);
            stack[depth] = successors[i];
            next[depth++] = 0;
        }
    }

    void Enter(int node, int parent)
    {
        number[node] = ++count;
        vertex[count] = node;
        treeParent[count] = parent;
    }

    (long[] Row, int[] Column) Predecessors()
    {
        var start = new long[count + 2];
        for (int w = 1; w <= count; w++)
            foreach (int target in Successors(vertex[w]))
                start[number[target] + 1]++;
        for (int w = 1; w <= count + 1; w++)
            start[w] += start[w - 1];
        var sources = new int[start[count + 1]];
        var at = start.AsSpan(0, count + 1).ToArray();
        for (int w = 1; w <= count; w++)
            foreach (int target in Successors(vertex[w]))
                sources[at[number[target]]++] = w;
        return (start, sources);
    }

    int[] Link()
    {
        var (start, sources) = Predecessors();
        var semi = new int[count + 1];
        var label = new int[count + 1];
        var ancestor = new int[count + 1];
        var idom = new int[count + 1];
        var bucket = new int[count + 1];
        var sibling = new int[count + 1];
        var path = new int[count + 1];
        for (int w = 0; w <= count; w++)
            semi[w] = label[w] = w;

        int Evaluate(int v)
        {
            if (ancestor[v] == 0)
                return v;
            int length = 0;
            for (int x = v; ancestor[ancestor[x]] != 0; x = ancestor[x])
                path[length++] = x;
            while (length > 0)
            {
                int x = path[--length], a = ancestor[x];
                if (semi[label[a]] < semi[label[x]])
                    label[x] = label[a];
                ancestor[x] = ancestor[a];
            }
            return label[v];
        }

        for (int w = count; w >= 2; w--)
        {
            int best = w;
            for (long e = start[w]; e < start[w + 1]; e++)
                best = Math.Min(best, semi[Evaluate(sources[e])]);
            semi[w] = best;
            sibling[w] = bucket[best];
            bucket[best] = w;
            int parent = treeParent[w];
            ancestor[w] = parent;
            for (int v = bucket[parent]; v != 0; v = sibling[v])
            {
                int u = Evaluate(v);
                idom[v] = semi[u] < semi[v] ? u : parent;
            }
            bucket[parent] = 0;
        }
        for (int w = 2; w <= count; w++)
            if (idom[w] != semi[w])
                idom[w] = idom[idom[w]];

        var result = new int[nodes + 1];
        Array.Fill(result, -1);
        result[nodes] = nodes;
        for (int w = 2; w <= count; w++)
            result[vertex[w]] = vertex[idom[w]];
        return result;
    }
}
