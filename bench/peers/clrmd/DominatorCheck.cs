// `clrmd selftest N`: the dominator tree against the definition, on N random graphs with self loops, repeated edges, unreachable parts.
using System;
using System.Collections.Generic;
using System.Linq;

namespace Peer;

static class DominatorCheck
{
    public static int Run(int graphs)
    {
        var random = new Random(1);
        long nodes = 0, wrong = 0;
        for (int g = 0; g < graphs; g++)
        {
            int n = 1 + random.Next(60), m = random.Next(n * (1 + random.Next(4)) + 1);
            var targets = new List<int>[n];
            for (int v = 0; v < n; v++)
                targets[v] = new List<int>();
            for (int e = 0; e < m; e++)
                targets[random.Next(n)].Add(random.Next(n));
            var roots = Enumerable.Range(0, 1 + random.Next(4)).Select(_ => random.Next(n)).ToArray();
            var row = new long[n + 1];
            for (int v = 0; v < n; v++)
                row[v + 1] = row[v] + targets[v].Count;
            var tree = new DominatorTree(n, row, targets.SelectMany(t => t).ToArray(), roots);
            int[] expected = ByRemoval(n, targets, roots);
            for (int v = 0; v <= n; v++, nodes++)
                wrong += tree.Parent[v] == expected[v] ? 0 : 1;
        }
        Console.WriteLine($"{graphs} graphs, {nodes} nodes, {wrong} wrong");
        return wrong == 0 ? 0 : 1;
    }

    static bool[] Reach(int n, List<int>[] targets, int[] roots, int without)
    {
        var seen = new bool[n];
        var stack = new Stack<int>();
        void Visit(int v)
        {
            if (v == without || seen[v])
                return;
            seen[v] = true;
            stack.Push(v);
        }
        foreach (int r in roots)
            Visit(r);
        while (stack.Count > 0)
            foreach (int w in targets[stack.Pop()])
                Visit(w);
        return seen;
    }

    // d dominates v when v is not reached without d; the immediate one is the dominator that has most dominators itself
    static int[] ByRemoval(int n, List<int>[] targets, int[] roots)
    {
        var all = Reach(n, targets, roots, -1);
        var dominators = Enumerable.Range(0, n).Select(_ => new List<int>()).ToArray();
        for (int d = 0; d < n; d++)
        {
            if (!all[d])
                continue;
            var without = Reach(n, targets, roots, d);
            for (int v = 0; v < n; v++)
                if (v != d && all[v] && !without[v])
                    dominators[v].Add(d);
        }
        var parent = Enumerable.Repeat(-1, n + 1).ToArray();
        parent[n] = n;
        for (int v = 0; v < n; v++)
            if (all[v])
                parent[v] = dominators[v].Count == 0 ? n : dominators[v].MaxBy(d => dominators[d].Count);
        return parent;
    }
}
