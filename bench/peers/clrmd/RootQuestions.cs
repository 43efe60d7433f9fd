// Roots, the handle table, the finalization queue, and the paths from roots to one object.
using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.Diagnostics.Runtime;
using static Peer.Text;

namespace Peer;

public static class RootQuestions
{
    public static object Roots(Dump dump)
    {
        var roots = dump.Heap.EnumerateRoots().ToList();
        return new
        {
            count = roots.Count, distinct_objects = CountObjects(roots),
            by_kind = roots.GroupBy(r => r.RootKind.ToString()).Select(g => new { kind = g.Key, count = g.Count(), distinct = CountObjects(g) }),
            roots = roots.Select(r => DescribeRoot(dump, r)),
        };
    }

    static int CountObjects(IEnumerable<ClrRoot> roots) => roots.Select(r => r.Object.Address).Distinct().Count();

    static object DescribeRoot(Dump dump, ClrRoot root)
    {
        var stack = root as ClrStackRoot;
        return new
        {
            kind = root.RootKind.ToString(), address = Hex(root.Address), obj = Hex(root.Object.Address), type = root.Object.Type?.Name,
            interior = root.IsInterior, pinned = root.IsPinned, segment = dump.Heap.GetSegmentByAddress(root.Object.Address)?.Kind.ToString(),
            frame = stack?.StackFrame?.Method?.Signature ?? stack?.StackFrame?.FrameName, thread = stack?.StackFrame?.Thread?.OSThreadId,
            reg = stack?.RegisterName, reg_off = stack?.RegisterOffset
        };
    }

    public static object Handles(Dump dump)
    {
        var handles = dump.Runtime.EnumerateHandles().ToList();
        return new
        {
            count = handles.Count,
            by_kind = handles.GroupBy(h => h.HandleKind.ToString()).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => new
            {
                kind = g.Key, count = g.Count(), null_target = g.Count(h => h.Object.Address == 0)
            }),
            handles = handles.Select(h => new
            {
                address = Hex(h.Address), kind = h.HandleKind.ToString(), strong = h.IsStrong, obj = Hex(h.Object.Address),
                type = h.Object.Type?.Name, dependent = h.Dependent.Address == 0 ? null : Hex(h.Dependent.Address), refcount = h.ReferenceCount
            }),
        };
    }

    public static object Finalizer(Dump dump)
    {
        var queue = dump.Heap.EnumerateFinalizableObjects().ToList();
        var ready = dump.Heap.EnumerateFinalizerRoots().ToList();
        return new
        {
            finalizable = queue.Count, ready = ready.Count,
            by_type = queue.GroupBy(o => o.Type?.Name).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).Select(g => new
            {
                type = g.Key, count = g.Count(), suppressed = g.Count(o => o.Type?.IsFinalizeSuppressed(o.Address) ?? false)
            }),
            ready_roots = ready.Select(r => new { address = Hex(r.Address), obj = Hex(r.Object.Address), type = r.Object.Type?.Name }),
            objects = queue.Select(o => Hex(o.Address)),
        };
    }

    public static object GcRoot(Dump dump, ulong target)
    {
        double start = dump.Clock.Seconds, first = -1;
        var paths = new List<object>();
        int count = 0;
        foreach (var (root, path) in new GCRoot(dump.Heap, new[] { target }).EnumerateRootPaths())
        {
            if (first < 0)
                first = dump.Clock.Seconds - start;
            if (count++ >= 20)
                continue;
            var chain = new List<object>();
            for (var link = path; link != null; link = link.Next)
                chain.Add(new { obj = Hex(link.Object), type = dump.Heap.GetObjectType(link.Object)?.Name });
            paths.Add(new
            {
                kind = root.RootKind.ToString(), address = Hex(root.Address),
                frame = (root as ClrStackRoot)?.StackFrame?.Method?.Signature, length = chain.Count, chain
            });
        }
        dump.Clock.Phase("gcroot");
        return new { targets = new[] { Hex(target) }, paths = count, first_path_s = Math.Round(first, 3), list = paths };
    }
}
