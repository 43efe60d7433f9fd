// Questions answered by one pass over the heap: walk, stat, edges; and its segments and allocation contexts.
using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Diagnostics.Runtime;
using static Peer.Checksum;
using static Peer.Text;

namespace Peer;

public static class HeapQuestions
{
    public static object Walk(Dump dump, int threads)
    {
        long objects = 0, bytes = 0;
        void WalkSegment(ClrSegment segment)
        {
            long count = 0, sum = 0;
            foreach (var obj in segment.EnumerateObjects())
            {
                count++;
                sum += (long)obj.Size;
            }
            Interlocked.Add(ref objects, count);
            Interlocked.Add(ref bytes, sum);
        }
        var segments = dump.Heap.Segments;
        if (threads == 1)
            foreach (var segment in segments)
                WalkSegment(segment);
        else
            Parallel.ForEach(Partitioner.Create(segments.OrderByDescending(s => s.Length).ToList(), loadBalance: true),
                new ParallelOptions { MaxDegreeOfParallelism = threads }, WalkSegment);
        dump.Clock.Phase("walk");
        return new { threads, segments = segments.Length, objects_with_free = objects, bytes };
    }

    sealed class TypeTotal
    {
        public ulong MethodTable;
        public string? Name;
        public long Count, Bytes, Aligned;
        public bool IsFree;
    }

    sealed class GenerationTotal
    {
        public long Objects, Bytes, FreeObjects, FreeBytes;
    }

    static long Align8(ulong size) => (long)((size + 7) & ~7UL);

    public static object Stat(Dump dump)
    {
        var types = new Dictionary<ulong, TypeTotal>();
        var generations = new SortedDictionary<string, GenerationTotal>(StringComparer.Ordinal);
        long invalid = 0;
        ulong sum = 0;
        foreach (var segment in dump.Heap.Segments)
            foreach (var obj in segment.EnumerateObjects())
            {
                var type = obj.Type;
                if (type == null)
                {
                    invalid++;
                    continue;
                }
                ulong size = obj.Size;
                if (!types.TryGetValue(type.MethodTable, out var total))
                    types[type.MethodTable] = total = new TypeTotal { MethodTable = type.MethodTable, Name = type.Name, IsFree = type.IsFree };
                total.Count++;
                total.Bytes += (long)size;
                total.Aligned += Align8(size);
                AddGeneration(generations, segment.GetGeneration(obj.Address), size, total.IsFree);
                if (!total.IsFree)
                    sum = unchecked(sum + Mix2(Mix2(obj.Address, type.MethodTable), size));
            }
        var real = types.Values.Where(t => !t.IsFree).ToList();
        var free = types.Values.Where(t => t.IsFree).ToList();
        return new
        {
            objects = real.Sum(t => t.Count), bytes = real.Sum(t => t.Bytes), bytes_aligned8 = real.Sum(t => t.Aligned),
            free_objects = free.Sum(t => t.Count), free_bytes = free.Sum(t => t.Bytes), invalid, method_tables = types.Count,
            checksum = Hex(sum),
            checksum_rule = "sum over non-free objects of mix2(mix2(addr,mt),size); mix2(a,b)=mix(mix(a)+b); mix=splitmix64",
            generations = generations.Select(g => new
            {
                gen = g.Key, objects = g.Value.Objects, bytes = g.Value.Bytes, free_objects = g.Value.FreeObjects, free_bytes = g.Value.FreeBytes
            }),
            order = "as !dumpheap -stat: total bytes ascending, then count",
            types = types.Values.OrderBy(t => t.Bytes).ThenBy(t => t.Count).ThenBy(t => t.MethodTable).Select(t => new
            {
                mt = Hex(t.MethodTable), count = t.Count, bytes = t.Bytes, aligned = t.Aligned, name = t.Name
            }),
        };
    }

    static readonly string[] GenerationNames = Enumerable.Range(0, 16).Select(g => ((Generation)g).ToString()).ToArray();

    static void AddGeneration(SortedDictionary<string, GenerationTotal> totals, Generation generation, ulong size, bool isFree)
    {
        string name = (uint)generation < 16 ? GenerationNames[(int)generation] : generation.ToString();
        if (!totals.TryGetValue(name, out var total))
            totals[name] = total = new GenerationTotal();
        if (isFree)
        {
            total.FreeObjects++;
            total.FreeBytes += (long)size;
        }
        else
        {
            total.Objects++;
            total.Bytes += (long)size;
        }
    }

    sealed class SourceTotal
    {
        public string? Name;
        public long Edges, Objects;
    }

    public static object Edges(Dump dump, bool withLoaderAllocators)
    {
        var sources = new Dictionary<ulong, SourceTotal>();
        long collectible = 0;
        ulong sum = 0;
        foreach (var segment in dump.Heap.Segments)
            foreach (var obj in segment.EnumerateObjects())
            {
                var type = obj.Type;
                if (type == null || type.IsFree)
                    continue;
                if (type.IsCollectible)
                    collectible++;
                long count = 0;
                if (withLoaderAllocators)
                    foreach (var target in obj.EnumerateReferences(carefully: false, considerDependantHandles: false))
                    {
                        count++;
                        sum = unchecked(sum + Mix2(obj.Address, target.Address));
                    }
                else if (type.ContainsPointers)
                    foreach (ulong target in obj.EnumerateReferenceAddresses(carefully: false, considerDependantHandles: false))
                    {
                        count++;
                        sum = unchecked(sum + Mix2(obj.Address, target));
                    }
                if (count == 0)
                    continue;
                if (!sources.TryGetValue(type.MethodTable, out var total))
                    sources[type.MethodTable] = total = new SourceTotal { Name = type.Name };
                total.Edges += count;
                total.Objects++;
            }
        var dependent = dump.Runtime.EnumerateHandles().Where(h => h.HandleKind == ClrHandleKind.Dependent).ToList();
        return new
        {
            edges = sources.Values.Sum(s => s.Edges),
            note = "non-null reference slots in object bodies (duplicates to one target counted each); dependent-handle edges apart",
            api = withLoaderAllocators
                ? "EnumerateReferences (adds one edge to the LoaderAllocator for each object of a collectible type)"
                : "EnumerateReferenceAddresses (no LoaderAllocator edge)",
            objects_of_collectible_types = collectible, dependent_handles = dependent.Count,
            dependent_handles_live = dependent.Count(h => h.Object.Address != 0),
            checksum = Hex(sum), checksum_rule = "sum of mix2(src,dst)", off_heap = 0,
            by_source_type = sources.OrderByDescending(s => s.Value.Edges).ThenBy(s => s.Key).Select(s => new
            {
                mt = Hex(s.Key), name = s.Value.Name, edges = s.Value.Edges, objects_with_edges = s.Value.Objects
            }),
        };
    }

    public static object Segments(Dump dump) => new
    {
        subheaps = dump.Heap.SubHeaps.Select(h => new
        {
            h.Index, address = Hex(h.Address), h.HasRegions, alloc_context = Range(h.AllocationContext), allocated = Hex(h.Allocated),
            ephemeral_segment = Hex(h.EphemeralHeapSegment), lowest = Hex(h.LowestAddress), highest = Hex(h.HighestAddress),
            card_table = Hex(h.CardTable), mark_array = Hex(h.MarkArray), saved_sweep_eph_seg = Hex(h.SavedSweepEphemeralSegment),
            background_gc = h.HasBackgroundGC, finalizer_roots = Range(h.FinalizerQueueRoots), finalizer_objects = Range(h.FinalizerQueueObjects),
            generations = h.GenerationTable.Select(g => new
            {
                start_segment = Hex(g.StartSegment), allocation_start = Hex(g.AllocationStart),
                alloc_ptr = Hex(g.AllocationContextPointer), alloc_limit = Hex(g.AllocationContextLimit)
            }),
        }),
        totals = dump.Heap.Segments.GroupBy(s => s.Kind.ToString()).Select(g => new
        {
            kind = g.Key, segments = g.Count(), used = g.Sum(s => (long)s.ObjectRange.Length),
            committed = g.Sum(s => (long)s.CommittedMemory.Length), reserved = g.Sum(s => (long)s.ReservedMemory.Length)
        }),
        segments = dump.Heap.Segments.Select(s => new
        {
            address = Hex(s.Address), heap = s.SubHeap.Index, kind = s.Kind.ToString(), flags = s.Flags.ToString(),
            objects = Range(s.ObjectRange), used = s.ObjectRange.Length, committed = Range(s.CommittedMemory),
            committed_bytes = s.CommittedMemory.Length, reserved = Range(s.ReservedMemory),
            gen0 = Range(s.Generation0), gen1 = Range(s.Generation1), gen2 = Range(s.Generation2)
        }),
    };

    public static object Contexts(Dump dump) => new
    {
        note = "allocation contexts: the bytes [start,end) hold no objects and must be skipped by a walk",
        enumerated = dump.Heap.EnumerateAllocationContexts().Select(Range),
        threads = dump.Runtime.Threads.Select(t => new
        {
            t.OSThreadId, t.ManagedThreadId, context = Range(t.AllocationContext), bytes = t.AllocationContext.Length
        }),
        subheaps = dump.Heap.SubHeaps.Select(h => new { h.Index, context = Range(h.AllocationContext) }),
    };
}
