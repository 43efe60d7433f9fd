// Retained bytes of every object by the dominator tree: the top 20 as the bench has it; everything, for the fixtures; and what no root reaches.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using static Peer.Checksum;
using static Peer.Text;

namespace Peer;

/// <summary>Graph, roots, dominator tree, and the sums up the tree.</summary>
sealed class RetainedSizes
{
    public readonly Graph Graph;
    public readonly GraphRoots Roots;
    public readonly DominatorTree Tree;
    public readonly ulong[] Bytes;
    public readonly int[] Dominated;
    public readonly long ReachableBytes;

    public int Root => Graph.Nodes;
    public int Reachable => Tree.Order.Length - 1;
    public bool IsReachable(int v) => Tree.Parent[v] >= 0;
    public ulong DominatorAddress(int v) => Tree.Parent[v] == Root ? 0 : Graph.Address[Tree.Parent[v]];

    public RetainedSizes(Dump dump)
    {
        Graph = new Graph(dump);
        Roots = new GraphRoots(dump, Graph);
        Tree = new DominatorTree(Graph.Nodes, Graph.Row, Graph.Column, Roots.Nodes);
        dump.Clock.Phase("  dominators (Lengauer-Tarjan)");
        Bytes = new ulong[Graph.Nodes + 1];
        Dominated = new int[Graph.Nodes + 1];
        // preorder backwards: a node comes after everything it dominates
        for (int i = Tree.Order.Length - 1; i > 0; i--)
        {
            int v = Tree.Order[i], d = Tree.Parent[v];
            Bytes[v] += Graph.Size[v];
            Bytes[d] += Bytes[v];
            Dominated[d] += Dominated[v] + 1;
        }
        ReachableBytes = (long)Bytes[Root];
        dump.Clock.Phase("  retained sizes");
    }

    public ulong Sum()
    {
        ulong sum = 0;
        for (int v = 0; v < Graph.Nodes; v++)
            if (IsReachable(v))
                sum = unchecked(sum + Mix2(Mix2(Graph.Address[v], DominatorAddress(v)), Bytes[v]));
        return sum;
    }

    public IEnumerable<object> Top(int count)
    {
        var best = new PriorityQueue<int, (ulong, ulong)>();
        for (int v = 0; v < Graph.Nodes; v++)
        {
            if (!IsReachable(v))
                continue;
            if (best.Count < count)
                best.Enqueue(v, (Bytes[v], ~Graph.Address[v]));
            else
                best.EnqueueDequeue(v, (Bytes[v], ~Graph.Address[v]));
        }
        return best.UnorderedItems.OrderByDescending(i => i.Priority).Select(i => (object)new
        {
            obj = Hex(Graph.Address[i.Element]), type = Graph.Types[Graph.Type[i.Element]].Name, size = Graph.Size[i.Element],
            retained = Bytes[i.Element], dominated = Dominated[i.Element],
            idom = Tree.Parent[i.Element] == Root ? "root" : Hex(DominatorAddress(i.Element))
        });
    }
}

/// <summary>Per type: instances, bytes, and retained bytes of those that no other instance of the type dominates.</summary>
sealed class TypeSums
{
    public readonly long[] Count, Bytes, UnreachableCount, UnreachableBytes;
    public readonly ulong[] Retained;

    public TypeSums(RetainedSizes sizes)
    {
        var graph = sizes.Graph;
        int types = graph.Types.Count;
        (Count, Bytes, UnreachableCount, UnreachableBytes, Retained) = (new long[types], new long[types], new long[types], new long[types], new ulong[types]);
        for (int v = 0; v < graph.Nodes; v++)
            if (!sizes.IsReachable(v))
            {
                UnreachableCount[graph.Type[v]]++;
                UnreachableBytes[graph.Type[v]] += graph.Size[v];
            }
        Descend(sizes);
    }

    void Descend(RetainedSizes sizes)
    {
        var graph = sizes.Graph;
        var child = Enumerable.Repeat(-1, graph.Nodes + 1).ToArray();
        var sibling = new int[graph.Nodes + 1];
        for (int i = sizes.Tree.Order.Length - 1; i > 0; i--)
        {
            int v = sizes.Tree.Order[i];
            sibling[v] = child[sizes.Tree.Parent[v]];
            child[sizes.Tree.Parent[v]] = v;
        }
        var nesting = new int[graph.Types.Count];
        var stack = new Stack<int>();
        stack.Push(sizes.Root);
        while (stack.Count > 0)
        {
            int v = stack.Peek(), next = child[v];
            if (next < 0)
            {
                stack.Pop();
                if (v != sizes.Root)
                    nesting[graph.Type[v]]--;
                continue;
            }
            child[v] = sibling[next];
            int type = graph.Type[next];
            Count[type]++;
            Bytes[type] += graph.Size[next];
            if (nesting[type]++ == 0)
                Retained[type] += sizes.Bytes[next];
            stack.Push(next);
        }
    }
}

public static class RetainedQuestion
{
    public static object Top(Dump dump, int count)
    {
        var sizes = new RetainedSizes(dump);
        var top = sizes.Top(count).ToList();
        dump.Clock.Phase("  top");
        var answer = new
        {
            nodes = sizes.Graph.Nodes, edges = sizes.Graph.References, reachable_objects = sizes.Reachable, reachable_bytes = sizes.ReachableBytes,
            checksum = Hex(sizes.Sum()), top_by_retained = top
        };
        dump.Clock.Phase("  checksum");
        return answer;
    }

    public static object Full(Dump dump, string allFile, int exactTypes)
    {
        var sizes = new RetainedSizes(dump);
        var (graph, roots) = (sizes.Graph, sizes.Roots);
        var distance = Distances(graph, roots.Nodes);
        var histogram = new List<long>();
        ulong distanceSum = 0;
        for (int v = 0; v < graph.Nodes; v++)
        {
            if (distance[v] < 0)
                continue;
            while (histogram.Count <= distance[v])
                histogram.Add(0);
            histogram[distance[v]]++;
            distanceSum = unchecked(distanceSum + Mix2(graph.Address[v], (ulong)distance[v]));
        }
        dump.Clock.Phase("  root distances");
        var types = new TypeSums(sizes);
        dump.Clock.Phase("  per type");
        var order = Enumerable.Range(0, graph.Types.Count).OrderByDescending(t => types.Retained[t]).ThenBy(t => graph.Types[t].MethodTable).ToList();
        var exact = order.Take(exactTypes).ToDictionary(t => t, t => ExactSet(sizes, t));
        dump.Clock.Phase("  exact retained sets of types");
        WriteAll(sizes, distance, allFile);
        return new
        {
            nodes = graph.Nodes, edges = graph.References, dependent_edges = graph.DependentReferences,
            loader_allocator_edges = graph.LoaderAllocatorReferences, unresolved_edges = graph.Unresolved,
            roots = roots.Count, distinct_root_objects = roots.Nodes.Length, unresolved_roots = roots.UnresolvedCount,
            unresolved_root_list = roots.Unresolved, root_kinds = roots.Kinds,
            reachable_objects = sizes.Reachable, reachable_bytes = sizes.ReachableBytes,
            unreachable_objects = graph.Nodes - sizes.Reachable, unreachable_bytes = types.UnreachableBytes.Sum(),
            checksum = Hex(sizes.Sum()),
            checksum_rule = "sum over reachable of mix2(mix2(addr, idom addr or 0 for the virtual root), retained)",
            distance_checksum = Hex(distanceSum), distance_rule = "sum of mix2(addr, distance)",
            distance_histogram = histogram.Take(64), max_distance = histogram.Count - 1,
            sizes = "ClrObject.Size, not rounded up to 8", top_by_retained = sizes.Top(100),
            per_type_note = "retained_dom: sum of the retained sizes of the instances no other instance of the type dominates; " +
                "retained_exact: bytes nothing reaches once all instances are taken away (counts jointly held objects)",
            per_type = order.Select(t => new
            {
                mt = Hex(graph.Types[t].MethodTable), name = graph.Types[t].Name, reachable = types.Count[t], bytes = types.Bytes[t],
                retained_dom = types.Retained[t],
                retained_exact = exact.TryGetValue(t, out var set) ? set.Bytes : (long?)null,
                retained_exact_objects = exact.TryGetValue(t, out var set2) ? set2.Objects : (long?)null,
                unreachable = types.UnreachableCount[t], unreachable_bytes = types.UnreachableBytes[t]
            }),
        };
    }

    /// <summary>References from the nearest root (a root: 0); unlike a path, this is unique.</summary>
    static int[] Distances(Graph graph, int[] roots)
    {
        var distance = new int[graph.Nodes];
        Array.Fill(distance, -1);
        var queue = new Queue<int>(roots);
        foreach (int root in roots)
            distance[root] = 0;
        while (queue.TryDequeue(out int v))
            foreach (int w in graph.Targets(v))
                if (distance[w] < 0)
                {
                    distance[w] = distance[v] + 1;
                    queue.Enqueue(w);
                }
        return distance;
    }

    /// <summary>What nothing reaches any more when all instances of a type are taken away.</summary>
    static (long Objects, long Bytes) ExactSet(RetainedSizes sizes, int type)
    {
        var graph = sizes.Graph;
        var seen = new bool[graph.Nodes];
        var stack = new Stack<int>();
        long objects = 0, bytes = 0;
        void Visit(int v)
        {
            if (graph.Type[v] == type || seen[v])
                return;
            seen[v] = true;
            stack.Push(v);
            objects++;
            bytes += graph.Size[v];
        }
        foreach (int root in sizes.Roots.Nodes)
            Visit(root);
        while (stack.TryPop(out int v))
            foreach (int w in graph.Targets(v))
                Visit(w);
        return (sizes.Reachable - objects, sizes.ReachableBytes - bytes);
    }

    static void WriteAll(RetainedSizes sizes, int[] distance, string file)
    {
        using var writer = new StreamWriter(file);
        writer.Write("addr\tidom\tretained\tdistance\n");
        for (int v = 0; v < sizes.Graph.Nodes; v++)
            writer.Write(sizes.IsReachable(v)
                ? $"{sizes.Graph.Address[v]:x}\t{sizes.DominatorAddress(v):x}\t{sizes.Bytes[v]}\t{distance[v]}\n"
                : $"{sizes.Graph.Address[v]:x}\t-\t-\t-\n");
    }

    // Right after a full blocking collection an object is live: then the heads (nothing unreachable refers to them) show which roots are missing.
    public static object Unreachable(Dump dump)
    {
        var graph = new Graph(dump);
        var seen = new bool[graph.Nodes];
        var stack = new Stack<int>();
        void Visit(int v)
        {
            if (seen[v])
                return;
            seen[v] = true;
            stack.Push(v);
        }
        void Run()
        {
            while (stack.TryPop(out int v))
                foreach (int w in graph.Targets(v))
                    Visit(w);
        }
        string Generation(int v) => dump.Heap.GetSegmentByAddress(graph.Address[v])!.GetGeneration(graph.Address[v]).ToString();
        string? Name(int v) => graph.Types[graph.Type[v]].Name;
        long BytesOf(IEnumerable<int> nodes) => nodes.Sum(v => (long)graph.Size[v]);

        foreach (int root in new GraphRoots(dump, graph).Nodes)
            Visit(root);
        Run();
        var dead = Enumerable.Range(0, graph.Nodes).Where(v => !seen[v]).ToList();
        var referrers = new int[graph.Nodes];
        foreach (int v in dead)
            foreach (int w in graph.Targets(v))
                if (w != v)
                    referrers[w]++;
        var heads = dead.Where(v => referrers[v] == 0 && Generation(v) != "Frozen").ToList();
        foreach (int v in dead)
            if (Generation(v) == "Frozen")
                Visit(v);
        Run();
        var dead2 = dead.Where(v => !seen[v]).ToList();
        return new
        {
            unreachable = dead.Count, bytes = BytesOf(dead),
            by_generation = dead.GroupBy(Generation).Select(g => new { gen = g.Key, objects = g.Count(), bytes = BytesOf(g) }),
            unreachable_with_frozen_as_roots = dead2.Count, bytes_with_frozen_as_roots = BytesOf(dead2),
            by_type = dead2.GroupBy(Name).OrderByDescending(g => g.Count()).Take(60).Select(g => new { type = g.Key, count = g.Count(), bytes = BytesOf(g) }),
            heads = heads.Count,
            head_types = heads.GroupBy(Name).OrderByDescending(g => g.Count()).Take(60).Select(g => new { type = g.Key, count = g.Count(), first = Hex(graph.Address[g.First()]) }),
            unresolved_edges = graph.UnresolvedFirst.Select(e => new
            {
                src = Hex(e.Source), type = dump.Heap.GetObjectType(e.Source)?.Name,
                src_gen = dump.Heap.GetSegmentByAddress(e.Source)?.GetGeneration(e.Source).ToString(), dst = Hex(e.Target),
                dst_segment = dump.Heap.GetSegmentByAddress(e.Target)?.Kind.ToString(), dst_type = dump.Heap.GetObjectType(e.Target)?.Name,
                dst_free = dump.Heap.GetObject(e.Target).IsFree
            }),
        };
    }
}
