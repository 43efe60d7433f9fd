// Which object is which in two dumps of one process: the hidden ids that tests/targets/identity plants (its Uid.cs).
// A field __uid is the id of the object that has it, wherever it lies in it; __uid_X is the id of the object that the reference X beside it
// points to, in an element of an array too. What the framework's own classes keep has no ids, and gets its holder's with a suffix:
// the array of a list is "17._items#8" (id of the list, field, length: such an array is only ever replaced by a longer one); a node of a
// linked list is "17^item", that of a dictionary "17^_value", a delegate "17^_target": the program makes and drops them with what they hold.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Microsoft.Diagnostics.Runtime;
using static Peer.Text;

namespace Peer;

public sealed class IdentityQuestion(Dump dump)
{
    const string Own = "__uid", Beside = "__uid_";
    const int HeaderSize = 8;

    static readonly string[] Down = { "_items", "_array", "_buckets", "_entries", "_task", "m_task", "_tables" };
    static readonly (string Type, string Field)[] Up =
    {
        ("System.Collections.Generic.LinkedListNode<", "item"), ("System.Collections.Concurrent.ConcurrentDictionary<", "_value"), ("System.Func<", "_target")
    };

    readonly record struct Identity(long Uid, int Suffix);
    readonly record struct Id(string Field, int Offset, int Reference); // Reference: -1 for an id of its own
    readonly record struct Link(string Field, int Offset);

    sealed class Plan
    {
        public required ClrType Type;
        public int Index, Stride;
        public Id[] Ids = Array.Empty<Id>();
        public Link[] Down = Array.Empty<Link>();
        public Link? Up;
    }

    readonly Dictionary<ulong, Plan> plans = new();
    readonly Dictionary<ulong, Identity> identities = new();
    readonly Dictionary<Identity, ulong> holders = new();
    readonly Dictionary<string, int> suffixes = new() { [""] = 0 };
    readonly List<string> suffixTexts = new() { "" };
    readonly HashSet<ulong> shared = new();
    readonly Queue<ulong> fresh = new();
    byte[] buffer = new byte[1 << 12];
    long objects, wrong;

    /// <summary>Lines, by tabs: T, index, method table, name of a type. M, index of the type, offset, stride, field: where ids lie, to be masked (stride not 0: in
    /// each element of the array). O, index of the type, address, identity: an object; address and the identity's leading number less those of the line before.</summary>
    public object Write(string path)
    {
        var nodes = new List<(ulong Address, Plan Plan)>();
        foreach (var segment in dump.Heap.Segments.OrderBy(s => s.ObjectRange.Start))
            foreach (var obj in segment.EnumerateObjects())
                if (obj.Type is { IsFree: false } type)
                {
                    nodes.Add((obj.Address, PlanOf(type)));
                    objects++;
                }
        foreach (var (address, plan) in nodes)
            ClaimIds(address, plan);
        while (fresh.TryDequeue(out ulong address))
            ClaimDown(address);
        foreach (var (address, plan) in nodes)
            if (plan.Up is { } link && identities.TryGetValue(Pointer(address, link.Offset), out var held) && !shared.Contains(Pointer(address, link.Offset)))
                Claim(address, new Identity(held.Uid, Suffix(suffixTexts[held.Suffix] + "^" + link.Field)));
        while (fresh.TryDequeue(out ulong address))
            ClaimDown(address);
        WriteLines(path, nodes);
        return new { objects, identified = identities.Count - shared.Count, shared = shared.Count, contradictions = wrong, ids_by_type = ByType(nodes) };
    }

    Plan PlanOf(ClrType type)
    {
        if (plans.TryGetValue(type.MethodTable, out var plan))
            return plan;
        plans[type.MethodTable] = plan = new Plan { Type = type, Index = plans.Count };
        string name = type.Name ?? "";
        if (type.IsArray)
        {
            if (type.ComponentType is { IsValueType: true, IsPrimitive: false } element)
            {
                plan.Stride = type.ComponentSize;
                plan.Ids = FindIds(element, 2 * HeaderSize, 0).ToArray();
            }
            return plan;
        }
        plan.Ids = FindIds(type, HeaderSize, 0).ToArray();
        if (name.StartsWith("System."))
            plan.Down = type.Fields.Where(f => f.IsObjectReference && Down.Contains(f.Name)).Select(f => new Link(f.Name!, HeaderSize + f.Offset)).ToArray();
        foreach (var (start, field) in Up)
            if (name.StartsWith(start) && type.Fields.FirstOrDefault(f => f.Name == field) is { IsObjectReference: true } found)
                plan.Up = new Link(field, HeaderSize + found.Offset);
        return plan;
    }

    /// <summary>The ids in a type, those in its structs too. A boxed struct is a type of its own with the same fields.</summary>
    static IEnumerable<Id> FindIds(ClrType type, int start, int depth)
    {
        foreach (var field in type.Fields)
        {
            string name = field.Name ?? "";
            if (name == Own)
                yield return new Id(name, start + field.Offset, -1);
            else if (name.StartsWith(Beside))
            {
                var target = type.Fields.First(f => f.Name == name[Beside.Length..]);
                yield return new Id(name, start + field.Offset, start + target.Offset);
            }
            else if (depth < 4 && field is { IsValueType: true, IsPrimitive: false, Type: { } inner })
                foreach (var id in FindIds(inner, start + field.Offset, depth + 1))
                    yield return id;
        }
    }

    ulong Pointer(ulong address, int offset) => dump.Target.DataReader.ReadPointer(address + (ulong)offset);

    int Suffix(string text)
    {
        if (!suffixes.TryGetValue(text, out int index))
        {
            suffixes[text] = index = suffixTexts.Count;
            suffixTexts.Add(text);
        }
        return index;
    }

    void ClaimIds(ulong address, Plan plan)
    {
        if (plan.Ids.Length == 0)
            return;
        int length = plan.Stride == 0 ? 1 : dump.Target.DataReader.Read<int>(address + HeaderSize);
        int size = plan.Stride == 0 ? plan.Type.StaticSize : 2 * HeaderSize + length * plan.Stride;
        if (buffer.Length < size)
            buffer = new byte[size * 2];
        if (dump.Target.DataReader.Read(address, buffer.AsSpan(0, size)) != size)
            throw new InvalidDataException($"{Hex(address)}: not all of it is in the dump");
        for (int i = 0; i < length; i++)
            foreach (var id in plan.Ids)
            {
                long uid = BitConverter.ToInt64(buffer, id.Offset + i * plan.Stride);
                ulong target = id.Reference < 0 ? address : BitConverter.ToUInt64(buffer, id.Reference + i * plan.Stride);
                // 0: never set; of an array's elements with ids of their own none is an object
                if (uid != 0 && target != 0 && (id.Reference >= 0 || plan.Stride == 0))
                    Claim(target, new Identity(uid, 0));
            }
    }

    void Claim(ulong address, Identity identity)
    {
        if (identities.TryGetValue(address, out var known))
        {
            if (known != identity && shared.Add(address) && known.Suffix == 0)
                wrong++; // two ids for one object: the program is wrong
            return;
        }
        if (!holders.TryAdd(identity, address))
        {
            wrong++;
            return;
        }
        identities[address] = identity;
        fresh.Enqueue(address);
    }

    void ClaimDown(ulong address)
    {
        var identity = identities[address];
        var type = dump.Heap.GetObjectType(address);
        if (type == null)
            return;
        foreach (var link in PlanOf(type).Down)
        {
            ulong target = Pointer(address, link.Offset);
            if (target == 0 || dump.Heap.GetObjectType(target) is not { } targetType)
                continue;
            string length = targetType.IsArray ? "#" + dump.Target.DataReader.Read<int>(target + HeaderSize) : "";
            if (length != "#0") // the empty array is everybody's
                Claim(target, new Identity(identity.Uid, Suffix($"{suffixTexts[identity.Suffix]}.{link.Field}{length}")));
        }
    }

    void WriteLines(string path, List<(ulong Address, Plan Plan)> nodes)
    {
        using var file = new StreamWriter(path) { NewLine = "\n" };
        foreach (var plan in plans.Values)
            file.WriteLine($"T\t{plan.Index}\t{Hex(plan.Type.MethodTable)}\t{plan.Type.Name}");
        foreach (var plan in plans.Values)
            foreach (var id in plan.Ids)
                file.WriteLine($"M\t{plan.Index}\t{id.Offset}\t{plan.Stride}\t{id.Field}");
        ulong lastAddress = 0;
        long lastUid = 0;
        foreach (var (address, plan) in nodes)
            if (identities.TryGetValue(address, out var identity) && !shared.Contains(address))
            {
                file.WriteLine($"O\t{plan.Index}\t{address - lastAddress}\t{identity.Uid - lastUid}{suffixTexts[identity.Suffix]}");
                (lastAddress, lastUid) = (address, identity.Uid);
            }
    }

    object ByType(List<(ulong Address, Plan Plan)> nodes) =>
        nodes.Where(n => identities.ContainsKey(n.Address) && !shared.Contains(n.Address)).GroupBy(n => n.Plan.Type.Name ?? "")
            .OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).Select(g => new { type = g.Key, objects = g.Count() });
}
