// Big things: large and pinned object heap, free blocks of more than half a megabyte between live objects, one big cycle, a deep chain.
using System;
using System.Runtime.CompilerServices;

namespace Scoodle.States;

public sealed class Ring
{
    public Ring? Next, Previous;
    public int Number;
}

public sealed class Chain
{
    public Chain? Tail;
}

public static class LargeObjects
{
    public static readonly byte[] Bytes = new byte[200_000];
    public static readonly object[] References = new object[12_000];
    public static readonly byte[] PinnedBytes = GC.AllocateArray<byte>(5_000, pinned: true);
    public static readonly byte[] PinnedLarge = GC.AllocateUninitializedArray<byte>(90_000, pinned: true);
    public static byte[]?[] Spaced = Array.Empty<byte[]>();
    public static Ring? Ring;
    public static Chain? Deep;

    public static void Reach()
    {
        for (int i = 0; i < References.Length; i += 100)
            References[i] = new Person($"in a large array {i}", i);
        MakeFreeBlocks();
        Ring = MakeRing(5_000);
        for (int i = 0; i < 20_000; i++)
            Deep = new Chain { Tail = Deep };
    }

    /// <summary>Every second of ten neighbours dies: the large object heap is swept, not compacted, and keeps the holes.</summary>
    static void MakeFreeBlocks()
    {
        Spaced = new byte[]?[10];
        for (int i = 0; i < Spaced.Length; i++)
            Spaced[i] = new byte[i % 2 == 0 ? 90_000 : 600_000];
        for (int i = 1; i < Spaced.Length - 1; i += 2)
            Spaced[i] = null;
        GC.Collect();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static Ring MakeRing(int count)
    {
        var first = new Ring();
        var last = first;
        for (int i = 1; i < count; i++)
        {
            var next = new Ring { Number = i, Previous = last };
            last.Next = next;
            last = next;
        }
        last.Next = first;
        first.Previous = last;
        return first;
    }
}
