// The process: runtime, threads, stacks, exceptions, locks, thread pool, tasks, modules.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using Microsoft.Diagnostics.Runtime;
using static Peer.Text;

namespace Peer;

public static class RuntimeQuestions
{
    static string HexBytes(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    public static object Info(Dump dump)
    {
        var (heap, reader) = (dump.Heap, dump.Target.DataReader);
        return new
        {
            clrmd = typeof(DataTarget).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion,
            runtime = dump.Info.Version.ToString(), flavor = dump.Info.Flavor.ToString(), os = reader.TargetPlatform.ToString(),
            arch = reader.Architecture.ToString(), build_id = HexBytes(dump.Info.ModuleInfo.BuildId.AsSpan()), single_file = dump.Info.IsSingleFile,
            gc_server = heap.IsServer, can_walk = heap.CanWalkHeap, subheaps = heap.SubHeaps.Length, segments = heap.Segments.Length,
            regions = heap.SubHeaps[0].HasRegions, poh = heap.SubHeaps[0].HasPinnedObjectHeap, threads = dump.Runtime.Threads.Length,
            appdomains = dump.Runtime.AppDomains.Select(d => new { d.Id, d.Name, address = Hex(d.Address) }),
            committed = heap.Segments.Sum(s => (long)s.CommittedMemory.Length), reserved = heap.Segments.Sum(s => (long)s.ReservedMemory.Length),
            used = heap.Segments.Sum(s => (long)s.ObjectRange.Length),
        };
    }

    static Dictionary<int, string?> ThreadNames(Dump dump)
    {
        var names = new Dictionary<int, string?>();
        foreach (var obj in dump.Heap.EnumerateObjects())
            if (obj.Type?.Name == "System.Threading.Thread")
                names[obj.ReadField<int>("_managedThreadId")] = obj.ReadStringField("_name");
        return names;
    }

    public static object Threads(Dump dump)
    {
        var names = ThreadNames(dump);
        return dump.Runtime.Threads.Select(t => new
        {
            managed = t.ManagedThreadId, os = t.OSThreadId, address = Hex(t.Address), name = names.GetValueOrDefault(t.ManagedThreadId),
            alive = t.IsAlive, state = t.State.ToString(), state_bits = Hex((uint)t.State), gc_mode = t.GCMode.ToString(),
            finalizer = t.IsFinalizer, gc = t.IsGc, locks = t.LockCount, stack = new[] { Hex(t.StackLimit), Hex(t.StackBase) },
            alloc = Range(t.AllocationContext),
            exception = t.CurrentException is not { } e ? null : new { obj = Hex(e.Address), type = e.Type.Name, message = e.Message }
        });
    }

    public static object Stacks(Dump dump) => dump.Runtime.Threads.Select(t => new
    {
        managed = t.ManagedThreadId, os = t.OSThreadId,
        frames = t.EnumerateStackTrace().Select(f => new
        {
            ip = Hex(f.InstructionPointer), sp = Hex(f.StackPointer), kind = f.Kind.ToString(), frame = f.FrameName, method = f.Method?.Signature,
            module = Path.GetFileName(f.Method?.Type?.Module?.Name)
        }),
        roots = !t.IsAlive ? null : t.EnumerateStackRoots().Select(r => new
        {
            address = Hex(r.Address), obj = Hex(r.Object.Address), type = r.Object.Type?.Name, interior = r.IsInterior, pinned = r.IsPinned,
            sp = Hex(r.StackFrame?.StackPointer ?? 0), method = r.StackFrame?.Method?.Name
        }),
    });

    public static object Exceptions(Dump dump)
    {
        var exceptions = dump.Heap.EnumerateObjects().Where(o => o.Type is { IsException: true }).Select(o => (Object: o, Exception: o.AsException()!)).ToList();
        return new
        {
            count = exceptions.Count,
            exceptions = exceptions.Select(x => new
            {
                obj = Hex(x.Object.Address), type = x.Object.Type!.Name, message = x.Exception.Message, hresult = Hex((uint)x.Exception.HResult),
                inner = x.Exception.Inner == null ? null : Hex(x.Exception.Inner.Address),
                frames = x.Exception.StackTrace.Select(f => new { ip = Hex(f.InstructionPointer), sp = Hex(f.StackPointer), method = f.Method?.Signature })
            }),
        };
    }

    public static object SyncBlocks(Dump dump)
    {
        var owners = dump.Runtime.Threads.ToDictionary(t => t.Address, t => t.OSThreadId);
        var thin = new List<object>();
        foreach (var obj in dump.Heap.EnumerateObjects())
            if (obj.Type is { IsFree: false } type && obj.GetThinLock() is { } held)
                thin.Add(new { obj = Hex(obj.Address), type = type.Name, owner_os = held.Thread?.OSThreadId, recursion = held.Recursion });
        var blocks = dump.Heap.EnumerateSyncBlocks().ToList();
        return new
        {
            count = blocks.Count,
            syncblocks = blocks.Select(s => new
            {
                s.Index, obj = Hex(s.Object), type = dump.Heap.GetObjectType(s.Object)?.Name, held = s.IsMonitorHeld,
                thread = Hex(s.HoldingThreadAddress),
                owner_os = owners.TryGetValue(s.HoldingThreadAddress, out uint os) ? os : (uint?)null,
                recursion = s.RecursionCount, waiting = s.WaitingThreadCount
            }),
            thin_locks = thin,
        };
    }

    public static object ThreadPool(Dump dump) => dump.Runtime.ThreadPool is not { } pool ? new { none = true } : new
    {
        portable = pool.UsingPortableThreadPool, cpu = pool.CpuUtilization, min = pool.MinThreads, max = pool.MaxThreads,
        idle = pool.IdleWorkerThreads, active = pool.ActiveWorkerThreads, hill = pool.EnumerateHillClimbingLog().Count()
    };

    // the first bit that is set names the status (System.Threading.Tasks.Task.m_stateFlags)
    static readonly (int Bit, string Status)[] TaskStates =
    {
        (0x200000, "Faulted"), (0x400000, "Canceled"), (0x1000000, "RanToCompletion"), (0x800000, "WaitingForChildrenToComplete"),
        (0x20000, "Running"), (0x10000, "WaitingToRun"), (0x2000000, "WaitingForActivation"), (0, "Created"),
    };

    static bool IsTask(ClrType? type)
    {
        while (type != null && type.Name != "System.Threading.Tasks.Task")
            type = type.BaseType;
        return type != null;
    }

    public static object Tasks(Dump dump)
    {
        var isTask = new Dictionary<ulong, bool>();
        var tasks = new List<object>();
        foreach (var obj in dump.Heap.EnumerateObjects())
        {
            if (obj.Type is not { IsFree: false } type)
                continue;
            if (!isTask.TryGetValue(type.MethodTable, out bool yes))
                isTask[type.MethodTable] = yes = IsTask(type);
            if (yes)
                tasks.Add(DescribeTask(obj, type));
        }
        return new { count = tasks.Count, tasks };
    }

    static object DescribeTask(ClrObject obj, ClrType type)
    {
        int flags = obj.ReadField<int>("m_stateFlags");
        string? machine = null;
        int? state = null;
        if (type.GetFieldByName("StateMachine") is { } field)
        {
            if (field.IsValueType)
            {
                var value = obj.ReadValueTypeField("StateMachine");
                (machine, state) = (value.Type?.Name, value.ReadField<int>("<>1__state"));
            }
            else
            {
                var value = obj.ReadObjectField("StateMachine");
                (machine, state) = (value.Type?.Name, value.ReadField<int>("<>1__state"));
            }
        }
        return new
        {
            obj = Hex(obj.Address), type = type.Name, flags = Hex((uint)flags),
            status = Array.Find(TaskStates, s => s.Bit == 0 || (flags & s.Bit) != 0).Status,
            continuation = Hex(obj.ReadObjectField("m_continuationObject").Address), action = Hex(obj.ReadObjectField("m_action").Address),
            state_machine = machine, state
        };
    }

    public static object Modules(Dump dump) => new
    {
        managed = dump.Runtime.EnumerateModules().Select(m => new
        {
            address = Hex(m.Address), name = m.Name, image = Hex(m.ImageBase), size = m.Size, metadata = Hex(m.MetadataAddress),
            metadata_size = m.MetadataLength, dynamic = m.IsDynamic, pefile = m.IsPEFile, layout = m.Layout.ToString(), pdb = m.Pdb?.Guid.ToString()
        }),
        native = dump.Target.EnumerateModules().Select(m => new
        {
            name = m.FileName, image = Hex(m.ImageBase), size = m.ImageSize, build_id = HexBytes(m.BuildId.AsSpan()), kind = m.Kind.ToString()
        }),
    };
}
