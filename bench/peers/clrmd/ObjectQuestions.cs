// Contents: strings, layouts of all types on the heap, one sample object of each type, and the site's static fields.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using Microsoft.Diagnostics.Runtime;
using static Peer.Text;

namespace Peer;

public static class ObjectQuestions
{
    const string SiteModule = "Scoodle.Web.dll"; // statics are listed for this module only

    sealed class StringTotal
    {
        public long Count;
        public ulong Size, First;
        public long Wasted => (Count - 1) * (long)Size;
    }

    public static object Strings(Dump dump)
    {
        var totals = new Dictionary<(ulong, ulong), StringTotal>();
        long count = 0, bytes = 0, longest = 0;
        var buffer = new byte[1 << 16];
        foreach (var obj in dump.Heap.EnumerateObjects())
        {
            if (obj.Type is not { IsString: true })
                continue;
            int length = dump.Target.DataReader.Read<int>(obj.Address + 8);
            if (length * 2 > buffer.Length)
                buffer = new byte[length * 2];
            var content = buffer.AsSpan(0, length * 2);
            dump.Target.DataReader.Read(obj.Address + 12, content);
            ulong size = obj.Size;
            count++;
            bytes += (long)size;
            longest = Math.Max(longest, length);
            ref var total = ref CollectionsMarshal.GetValueRefOrAddDefault(totals, Hash(content), out _);
            total ??= new StringTotal { Size = size, First = obj.Address };
            total.Count++;
        }
        var repeated = totals.Values.Where(t => t.Count > 1).ToList();
        return new
        {
            strings = count, bytes, distinct = totals.Count, duplicated_values = repeated.Count, wasted_bytes = repeated.Sum(t => t.Wasted),
            longest_chars = longest, note = "wasted = (count-1)*size, all strings on the heap, dead ones too",
            top = repeated.OrderByDescending(t => t.Wasted).ThenBy(t => t.First).Take(100).Select(t => new
            {
                value = dump.Heap.GetObject(t.First).AsString(200), count = t.Count, size = t.Size, wasted = t.Wasted, first = Hex(t.First)
            }),
        };
    }

    // two independent 64-bit hashes: 128 bits stand for the text
    static (ulong, ulong) Hash(ReadOnlySpan<byte> text)
    {
        ulong a = 14695981039346656037, b = (ulong)text.Length;
        unchecked
        {
            foreach (ushort c in MemoryMarshal.Cast<byte, ushort>(text))
            {
                a = (a ^ c) * 1099511628211;
                b = (b + c) * 0x9E3779B97F4A7C15;
                b ^= b >> 29;
            }
        }
        return (a, b);
    }

    public static object Types(Dump dump)
    {
        var sample = new SortedDictionary<ulong, ulong>();
        foreach (var obj in dump.Heap.EnumerateObjects())
            if (obj.Type is { IsFree: false } type)
                sample.TryAdd(type.MethodTable, obj.Address);
        return sample.Values.Select(address =>
        {
            var t = dump.Heap.GetObjectType(address)!;
            return new
            {
                mt = Hex(t.MethodTable), t.Name, module = Path.GetFileName(t.Module?.Name ?? ""), token = Hex((uint)t.MetadataToken),
                base_type = t.BaseType?.Name, base_mt = Hex(t.BaseType?.MethodTable ?? 0), static_size = t.StaticSize,
                component_size = t.ComponentSize, pointers = t.ContainsPointers, finalizable = t.IsFinalizable, collectible = t.IsCollectible,
                array = t.IsArray, component = t.ComponentType?.Name,
                fields = t.Fields.Select(f => new
                {
                    f.Name, f.Offset, f.Size, element = f.ElementType.ToString(), type = f.Type?.Name, declared_in = f.ContainingType?.Name
                })
            };
        });
    }

    /// <summary>The third object of each type, or the last where there are fewer.</summary>
    public static object Objects(Dump dump)
    {
        var sample = new Dictionary<ulong, (ulong Address, int Seen)>();
        foreach (var obj in dump.Heap.EnumerateObjects())
        {
            if (obj.Type is not { IsFree: false } type)
                continue;
            ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(sample, type.MethodTable, out _);
            if (entry.Seen < 3)
                entry = (obj.Address, entry.Seen + 1);
        }
        return sample.Values.OrderBy(s => s.Address).Select(s => DescribeObject(dump, dump.Heap.GetObject(s.Address)));
    }

    static object DescribeObject(Dump dump, ClrObject obj)
    {
        var type = obj.Type!;
        return new
        {
            obj = Hex(obj.Address), type = type.Name, size = obj.Size,
            gen = dump.Heap.GetSegmentByAddress(obj.Address)?.GetGeneration(obj.Address).ToString(),
            str = type.IsString ? obj.AsString(500) : null, length = type.IsArray ? obj.AsArray().Length : (int?)null,
            fields = type.Fields.Select(f => new
            {
                f.Name, f.Offset, type = f.Type?.Name,
                value = f.IsValueType && !f.IsPrimitive ? null : Value(dump, f.ElementType, f.GetAddress(obj.Address))
            }),
            refs = obj.EnumerateReferencesWithFields().Take(50).Select(r => new
            {
                r.Offset, field = r.Field?.Name, obj = Hex(r.Object.Address), type = r.Object.Type?.Name
            }),
        };
    }

    public static object Statics(Dump dump)
    {
        var fields = new List<object>();
        var domain = dump.Runtime.AppDomains[0];
        foreach (var module in dump.Runtime.EnumerateModules().Where(m => Path.GetFileName(m.Name ?? "") == SiteModule))
            foreach (var (methodTable, _) in module.EnumerateTypeDefToMethodTableMap())
                foreach (var f in dump.Runtime.GetTypeByMethodTable(methodTable)?.StaticFields ?? default)
                {
                    ulong address = f.GetAddress(domain);
                    bool isStruct = f.IsValueType && !f.IsPrimitive;
                    fields.Add(new
                    {
                        type = f.ContainingType.Name, mt = Hex(methodTable), field = f.Name, token = Hex((uint)f.Token),
                        element = f.ElementType.ToString(), ftype = f.Type?.Name, address = Hex(address),
                        value = address == 0 ? null : isStruct ? Hex(address) : Value(dump, f.ElementType, address)
                    });
                }
        return fields;
    }

    static object? Value(Dump dump, ClrElementType element, ulong address)
    {
        T? Read<T>() where T : unmanaged
        {
            var bytes = dump.Read(address, Marshal.SizeOf<T>());
            return bytes == null ? null : MemoryMarshal.Read<T>(bytes);
        }
        return element switch
        {
            ClrElementType.Boolean => Read<byte>() is byte b ? b != 0 : null,
            ClrElementType.Char => (int?)Read<ushort>(),
            ClrElementType.Int8 => Read<sbyte>(),
            ClrElementType.UInt8 => Read<byte>(),
            ClrElementType.Int16 => Read<short>(),
            ClrElementType.UInt16 => Read<ushort>(),
            ClrElementType.Int32 => Read<int>(),
            ClrElementType.UInt32 => Read<uint>(),
            ClrElementType.Int64 => Read<long>(),
            ClrElementType.UInt64 => Read<ulong>(),
            ClrElementType.Float => Read<float>()?.ToString("R"),
            ClrElementType.Double => Read<double>()?.ToString("R"),
            _ => Read<ulong>() is ulong pointer ? Hex(pointer) : null,
        };
    }
}
