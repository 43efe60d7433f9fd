// Shapes of objects and of static fields: every kind of array, structs with references, generics and their statics, thread statics.
using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using Scoodle.Business.Queries;

namespace Scoodle.States;

public struct Inner { public object? Ref; public int Number; public Coord Coord; }
public struct OuterStruct { public long Before; public Inner Inner; public string? After; }

[StructLayout(LayoutKind.Explicit)]
public struct Overlaid
{
    [FieldOffset(0)] public object? Ref;
    [FieldOffset(8)] public int AsInt;
    [FieldOffset(8)] public float AsFloat;
}

[InlineArray(5)]
public struct FiveStrings { string? first; }

public class Outer<T> where T : notnull
{
    public class Nested<U>
    {
        public T? Left;
        public U? Right;
        public Dictionary<T, List<U>>? Map;
    }
    public struct Pair { public T? Key; public Nested<T>? Value; }
    public Pair[] Pairs = new Pair[4];
}

/// <summary>One static list, value and thread static for each T: each instance of the generic has its own.</summary>
public static class PerType<T>
{
    public static readonly List<T?> Items = new();
    public static OuterStruct Boxed;
    public static int Count;
    [ThreadStatic] public static object? Local;
}

public sealed class Mixed
{
    public sbyte Small = -5;
    public char Letter = 'é';
    public float Half = 0.5f;
    public double Pi = Math.PI;
    public decimal Money = 123456.789m;
    public Guid Id = new("00112233-4455-6677-8899-aabbccddeeff");
    public DateTimeOffset When = new(2016, 9, 1, 8, 30, 0, TimeSpan.FromHours(2));
    public DayOfWeek Day = DayOfWeek.Wednesday;
    public Soort? MaybeSoort = Soort.Les;
    public Inner? MaybeInner = new Inner { Ref = "in a nullable", Number = 3 };
    public (string Name, int[] Numbers, (object, byte) Deep) Tuple = ("tuple", new[] { 1, 2 }, (new object(), 9));
    public FiveStrings Five;
    public Overlaid Overlaid = new() { Ref = "overlaid", AsFloat = 1f };
    public IntPtr Pointer = 0x1234;
    public unsafe int* RawPointer = null;
    public unsafe delegate*<int, int> Function = &Layouts.Twice;
    public volatile object? Self;
}

public static class Layouts
{
    [ThreadStatic] public static Person? Current;
    [ThreadStatic] public static int Depth;
    [ThreadStatic] public static Coord Place;

    public static readonly int[,,] Cube = new int[2, 3, 4];
    public static readonly string[,] Board = { { "a1", "b1" }, { "a2", "b2" } };
    public static readonly object?[][] Jagged = { new object?[] { 1, "two", null }, new object?[] { new int[3] } };
    public static readonly Coord[,][] Mix = { { new Coord[2], new Coord[1] } };
    public static readonly Array LowerBound = Array.CreateInstance(typeof(int), new[] { 3 }, new[] { 5 });
    public static readonly Array LowerBoundRefs = Array.CreateInstance(typeof(string), new[] { 2, 2 }, new[] { 1, -1 });
    public static readonly OuterStruct[] Structs = new OuterStruct[8];
    public static readonly OuterStruct[,] StructBoard = new OuterStruct[2, 2];
    public static readonly KeyValuePair<string, Coord>[] Pairs = { new("een", new Coord { Label = "x" }), new("twee", default) };
    public static readonly Outer<string> Outer = new();
    public static readonly Outer<string>.Nested<Dictionary<int, Coord[]>> Nested = new() { Left = "left", Right = new() { [1] = new Coord[2] } };
    public static readonly Mixed Mixed = new();
    public static readonly Guid BoxedGuid = new("ffeeddcc-bbaa-9988-7766-554433221100");
    public static OuterStruct BoxedStruct;
    public static int Number = 4711;
    public static double Ratio = 2.75;
    public static string Literal = "a literal string in the frozen segment";
    public static object? Empty = null;

    public static int Twice(int x) => 2 * x;

    public static void Reach()
    {
        Cube[1, 2, 3] = 42;
        LowerBoundRefs.SetValue("one, minus one", 1, -1);
        BoxedStruct = new OuterStruct { Before = 1, After = "after", Inner = new Inner { Ref = new object(), Number = 2 } };
        for (int i = 0; i < Structs.Length; i++)
            Structs[i] = new OuterStruct { Before = i, After = i % 2 == 0 ? $"na {i}" : null, Inner = new Inner { Ref = i % 3 == 0 ? Structs : null } };
        StructBoard[1, 0].Inner.Ref = Board;
        Outer.Pairs[2] = new Outer<string>.Pair { Key = "sleutel", Value = new Outer<string>.Nested<string> { Left = "l", Right = "r" } };
        Mixed.Self = Mixed;
        for (int i = 0; i < 5; i++)
            Mixed.Five = SetFive(Mixed.Five, i, $"vijf {i}");
        FillPerType("tekst", new Person("in PerType", 1));
        FillPerType(17, "getal");
        FillPerType(new Coord { Label = "plaats" }, new object());
        SetThreadStatics("main", 1);
    }

    static FiveStrings SetFive(FiveStrings five, int index, string value)
    {
        five[index] = value;
        return five;
    }

    static void FillPerType<T>(T item, object local)
    {
        PerType<T>.Items.Add(item);
        PerType<T>.Items.Add(default);
        PerType<T>.Boxed = new OuterStruct { After = typeof(T).Name, Before = 5 };
        PerType<T>.Count = 2;
        PerType<T>.Local = local;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void SetThreadStatics(string who, int depth)
    {
        Current = new Person($"thread static of {who}", depth);
        Depth = depth;
        Place = new Coord { X = depth, Label = $"place of {who}" };
        PerType<string>.Local = new StrongBox<string>($"generic thread static of {who}");
    }
}
