// The whole heap in arrays: nodes in segment order, references in compressed rows, roots.
// Dependent handles are references (primary to secondary); objects of collectible types refer to their LoaderAllocator.
using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.Diagnostics.Runtime;
using static Peer.Text;

namespace Peer;

public sealed class Graph
{
    const int PageShift = 8; // look-up: one index entry for each 256 bytes of a segment

    readonly Dump dump;
    readonly ulong[] segmentStart, segmentEnd;
    readonly int[] segmentFirst;
    readonly int[][] pages;
    readonly HashSet<ulong> dependentPrimaries = new();
    int lastSegment;

    public int Nodes { get; private set; }
    public ulong[] Address = new ulong[1 << 16];
    public uint[] Size = new uint[1 << 16];
    public int[] Type = new int[1 << 16];
    public readonly List<(ulong MethodTable, string? Name)> Types = new();

    public long[] Row = Array.Empty<long>();
    public int[] Column = Array.Empty<int>();
    public long References => Row[Nodes];
    public long DependentReferences, LoaderAllocatorReferences, Unresolved;
    public readonly List<(ulong Source, ulong Target)> UnresolvedFirst = new();

    public Graph(Dump dump)
    {
        this.dump = dump;
        var segments = dump.Heap.Segments;
        segmentStart = segments.Select(s => s.ObjectRange.Start).ToArray();
        segmentEnd = segments.Select(s => s.ObjectRange.End).ToArray();
        segmentFirst = new int[segments.Length + 1];
        pages = new int[segments.Length][];
        CollectNodes(segments);
        dump.Clock.Phase("  nodes");
        CollectDependents();
        CollectReferences();
        dump.Clock.Phase("  edges");
    }

    void CollectNodes(IReadOnlyList<ClrSegment> segments)
    {
        var typeOf = new Dictionary<ulong, int>();
        for (int s = 0; s < segments.Count; s++)
        {
            segmentFirst[s] = Nodes;
            foreach (var obj in segments[s].EnumerateObjects())
            {
                var type = obj.Type;
                if (type == null || type.IsFree)
                    continue;
                if (Nodes == Address.Length)
                    GrowNodes();
                if (!typeOf.TryGetValue(type.MethodTable, out int id))
                {
                    typeOf[type.MethodTable] = id = Types.Count;
                    Types.Add((type.MethodTable, type.Name));
                }
                Address[Nodes] = obj.Address;
                Size[Nodes] = checked((uint)obj.Size);
                Type[Nodes++] = id;
            }
        }
        segmentFirst[segments.Count] = Nodes;
        for (int s = 0; s < segments.Count; s++)
            IndexSegment(s);
    }

    void GrowNodes()
    {
        int capacity = (int)Math.Min(Array.MaxLength, Address.Length * 2L);
        Array.Resize(ref Address, capacity);
        Array.Resize(ref Size, capacity);
        Array.Resize(ref Type, capacity);
    }

    void IndexSegment(int s)
    {
        var page = new int[(int)((segmentEnd[s] - segmentStart[s]) >> PageShift) + 2];
        int node = segmentFirst[s];
        for (int i = 0; i < page.Length; i++)
        {
            ulong limit = segmentStart[s] + ((ulong)i << PageShift);
            while (node < segmentFirst[s + 1] && Address[node] < limit)
                node++;
            page[i] = node;
        }
        pages[s] = page;
    }

    /// <summary>The node that starts at an address, or -1.</summary>
    public int Find(ulong address)
    {
        int s = lastSegment;
        if (address < segmentStart[s] || address >= segmentEnd[s])
        {
            s = Array.BinarySearch(segmentStart, address);
            if (s < 0)
                s = ~s - 1;
            if (s < 0 || address >= segmentEnd[s])
                return -1;
            lastSegment = s;
        }
        int node = pages[s][(int)((address - segmentStart[s]) >> PageShift)], end = segmentFirst[s + 1];
        while (node < end && Address[node] < address)
            node++;
        return node < end && Address[node] == address ? node : -1;
    }

    void CollectDependents()
    {
        foreach (var handle in dump.Runtime.EnumerateHandles())
        {
            if (handle.HandleKind != ClrHandleKind.Dependent || handle.Object.Address == 0)
                continue;
            dependentPrimaries.Add(handle.Object.Address);
            if (handle.Dependent.Address != 0)
                DependentReferences++;
        }
    }

    void CollectReferences()
    {
        Row = new long[Nodes + 1];
        Column = new int[Math.Max(1024, Nodes * 2L)];
        long count = 0;
        for (int v = 0; v < Nodes; v++)
        {
            Row[v] = count;
            var type = dump.Heap.GetTypeByMethodTable(Types[Type[v]].MethodTable)!;
            if (!type.ContainsPointers && !type.IsCollectible && !dependentPrimaries.Contains(Address[v]))
                continue;
            foreach (ulong target in dump.Heap.GetObject(Address[v], type).EnumerateReferenceAddresses(carefully: false, considerDependantHandles: true))
                Add(v, target, ref count);
            if (type.IsCollectible)
                AddLoaderAllocator(type, ref count);
        }
        Row[Nodes] = count;
    }

    void Add(int source, ulong target, ref long count)
    {
        int node = Find(target);
        if (node < 0)
        {
            Unresolved++;
            if (UnresolvedFirst.Count < 100)
                UnresolvedFirst.Add((Address[source], target));
            return;
        }
        Append(node, ref count);
    }

    void AddLoaderAllocator(ClrType type, ref long count)
    {
        ulong allocator = dump.Target.DataReader.ReadPointer(type.LoaderAllocatorHandle);
        int node = allocator == 0 ? -1 : Find(allocator);
        if (node < 0)
            return;
        LoaderAllocatorReferences++;
        Append(node, ref count);
    }

    void Append(int node, ref long count)
    {
        if (count == Column.Length)
            Array.Resize(ref Column, (int)Math.Min(Array.MaxLength, Column.Length * 3L / 2));
        Column[count++] = node;
    }

    public ReadOnlySpan<int> Targets(int node) => Column.AsSpan((int)Row[node], (int)(Row[node + 1] - Row[node]));
}

/// <summary>ClrMD's roots as nodes; those that name no object are kept apart.</summary>
public sealed class GraphRoots
{
    public readonly int Count;
    public readonly int[] Nodes;
    public readonly SortedDictionary<string, int> Kinds = new(StringComparer.Ordinal);
    public readonly List<object> Unresolved = new();
    public readonly int UnresolvedCount;

    public GraphRoots(Dump dump, Graph graph)
    {
        var nodes = new List<int>();
        foreach (var root in dump.Heap.EnumerateRoots())
        {
            string kind = root.RootKind.ToString();
            int node = graph.Find(root.Object.Address);
            if (node < 0)
            {
                if (UnresolvedCount++ < 20)
                    Unresolved.Add(new { kind, address = Hex(root.Address), obj = Hex(root.Object.Address) });
                continue;
            }
            Kinds[kind] = Kinds.GetValueOrDefault(kind) + 1;
            nodes.Add(node);
        }
        Count = nodes.Count;
        Nodes = nodes.Distinct().Order().ToArray();
        dump.Clock.Phase("  roots");
    }
}
