// One static field for each kind of collection. Contents are small and known; where a kind has unused
// slots (spare capacity, removed entries, wrapped rings), it has some here.
using System;
using System.Collections;
using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Collections.ObjectModel;
using System.Collections.Specialized;
using System.IO;
using System.Runtime.CompilerServices;
using System.Text;

namespace Lab;

public class Person
{
    public string Name { get; set; }
    public int Age { get; set; }
    public Person Boss;
    public override string ToString() => Name;
}

public struct Point
{
    public int X, Y;
    public override string ToString() => $"({X}, {Y})";
}

public class Names : NameObjectCollectionBase
{
    public void Put(string name, object value) => BaseAdd(name, value);
    public object At(int index) => BaseGet(index);
    public string NameAt(int index) => BaseGetKey(index);
}

public class Shelf : List<string>
{
    public string Label = "top";
}

public class ByAge : KeyedCollection<int, Person>
{
    protected override int GetKeyForItem(Person item) => item.Age;
}

public static class Store
{
    public static readonly Person Ann = new() { Name = "Ann", Age = 41 };
    public static readonly Person Ben = new() { Name = "Ben", Age = 17, Boss = Ann };

    public static int[] Numbers = { 3, 1, 4, 1, 5 };
    public static string[,] Grid = { { "a", "b", "c" }, { "d", null, "f" } };
    public static int[,,] Cube = { { { 1, 2 }, { 3, 4 } }, { { 5, 6 }, { 7, 8 } } };
    public static Array Shifted = Array.CreateInstance(typeof(string), new[] { 3 }, new[] { 5 });
    public static int[][] Jagged = { new[] { 1 }, new[] { 2, 3 }, null };
    public static Point[] Points = { new() { X = 1, Y = 2 }, new() { X = -3, Y = 4 } };
    public static object[] Mixed = { 1, "two", 3.5, null, 'c', DayOfWeek.Friday };
    public static Person[] People = { Ann, Ben };

    public static List<string> Strings = new(8) { "one", "two", "three" };
    public static List<int> Ints = new() { 10, 20, 30 };
    public static List<Point> PointList = new() { new() { X = 7, Y = 8 } };
    public static List<Person> PersonList = new() { Ann, Ben };
    public static Shelf Derived = new() { "book", "lamp" };
    public static ArrayList Untyped = new() { "x", 2, null };

    public static Dictionary<string, int> Ages = new() { ["ann"] = 41, ["gone"] = 1, ["ben"] = 17 };
    public static Dictionary<int, string> Words = new() { [1] = "one", [-2] = "minus two" };
    public static Dictionary<Guid, Person> ByGuid = new() { [new Guid("00112233-4455-6677-8899-aabbccddeeff")] = Ann };
    public static Dictionary<Point, string> ByPoint = new() { [new() { X = 1, Y = 1 }] = "diagonal" };
    public static ConcurrentDictionary<string, Person> Shared = new(new Dictionary<string, Person> { ["a"] = Ann, ["b"] = Ben });
    public static ConcurrentDictionary<int, int> Squares = new();
    public static HashSet<string> Tags = new() { "red", "old", "blue" };
    public static HashSet<int> Primes = new() { 2, 3, 5, 7 };
    public static Hashtable Table = new() { ["k"] = "v", [5] = Ann, ["gone"] = 0 };
    public static SortedDictionary<string, int> SortedAges = new() { ["zoe"] = 3, ["adam"] = 1, ["mia"] = 2 };
    public static SortedList<string, int> SortedPairs = new() { ["y"] = 2, ["x"] = 1 };
    public static SortedList SortedUntyped = new() { ["q"] = 9, ["p"] = 8 };
    public static SortedSet<int> SortedNumbers = new() { 50, 20, 70, 10, 30, 60, 80 };
    public static Queue<int> Ring = new(4);
    public static Stack<string> Plates = new();
    public static Queue OldQueue = new();
    public static Stack OldStack = new();
    public static ConcurrentQueue<int> Jobs = new();
    public static ConcurrentStack<string> Undo = new();
    public static ConcurrentBag<int> Bag = new() { 4, 5, 6 };
    public static BlockingCollection<string> Blocking = new() { "waits" };
    public static LinkedList<string> Chain = new(new[] { "first", "second", "third" });
    public static NameValueCollection Query = new() { { "id", "17" }, { "tag", "a" }, { "tag", "b" } };
    public static Names Named = new();
    public static ListDictionary Few = new() { { "one", 1 }, { "two", 2 } };
    public static HybridDictionary HybridFew = new() { { "h", 1 } };
    public static HybridDictionary HybridMany = new();
    public static StringCollection Lines = new() { "l1", "l2" };
    public static StringDictionary Settings = new() { ["Color"] = "red" };
    public static OrderedDictionary Ordered = new() { { "z", 26 }, { "a", 1 } };
    public static BitArray Bits = new(new[] { true, false, true, true });
    public static PriorityQueue<string, int> Tasks = new();
    public static ConditionalWeakTable<object, string> Notes = new();
    public static ObservableCollection<string> Watched = new() { "w1", "w2" };
    public static Collection<int> Plain = new() { 8, 9 };
    public static ReadOnlyCollection<string> Fixed = new(new List<string> { "r1", "r2" });
    public static ReadOnlyDictionary<string, int> FixedMap = new(new Dictionary<string, int> { ["ro"] = 1 });
    public static ByAge Keyed = new() { Ann, Ben };

    public static ImmutableArray<int> ImArray = ImmutableArray.Create(1, 2, 3);
    public static ImmutableList<string> ImList = ImmutableList.Create("i1", "i2", "i3", "i4");
    public static ImmutableDictionary<string, int> ImMap = ImmutableDictionary<string, int>.Empty.Add("m", 1).Add("n", 2);
    public static ImmutableHashSet<int> ImSet = ImmutableHashSet.Create(11, 22, 33);
    public static ImmutableSortedDictionary<int, string> ImSortedMap = ImmutableSortedDictionary<int, string>.Empty.Add(2, "b").Add(1, "a");
    public static ImmutableSortedSet<string> ImSortedSet = ImmutableSortedSet.Create("s2", "s1");
    public static ImmutableStack<int> ImStack = ImmutableStack.Create(1, 2, 3);
    public static ImmutableQueue<int> ImQueue = ImmutableQueue.Create(1, 2, 3);
    public static FrozenDictionary<string, int> IceMap = new Dictionary<string, int> { ["alpha"] = 1, ["beta"] = 2, ["gamma"] = 3 }.ToFrozenDictionary();
    public static FrozenDictionary<int, string> IceInts = new Dictionary<int, string> { [100] = "h", [2000] = "t", [7] = "s", [1] = "a", [2] = "b", [3] = "c", [4] = "d", [5] = "e", [6] = "f", [8] = "g", [9] = "i" }.ToFrozenDictionary();
    public static FrozenSet<string> IceSet = new HashSet<string> { "x1", "y22", "z333" }.ToFrozenSet();
    public static FrozenDictionary<Point, string> IcePoints = new Dictionary<Point, string> { [new() { X = 9, Y = 9 }] = "nine" }.ToFrozenDictionary();

    public static StringBuilder Text = new(16);
    public static MemoryStream Stream = new();
    public static List<string> Empty = new();
    public static Dictionary<string, string> EmptyMap = new();

    public static void Fill()
    {
        Shifted.SetValue("five", 5);
        Shifted.SetValue("seven", 7);
        Ages.Remove("gone");
        Table.Remove("gone");
        Tags.Remove("old");
        for (int i = 1; i <= 5; i++)
            Squares[i] = i * i;
        for (int i = 0; i < 4; i++)
            Ring.Enqueue(i);
        Ring.Dequeue();
        Ring.Dequeue();
        Ring.Enqueue(4); // wraps around
        foreach (string plate in new[] { "bottom", "middle", "top" })
            Plates.Push(plate);
        OldQueue.Enqueue("q1");
        OldQueue.Enqueue(2);
        OldStack.Push("s1");
        OldStack.Push("s2");
        for (int i = 0; i < 40; i++)
            Jobs.Enqueue(i); // two segments
        for (int i = 0; i < 5; i++)
            Jobs.TryDequeue(out _);
        Undo.Push("a");
        Undo.Push("b");
        Named.Put("n1", Ann);
        Named.Put("n2", "text");
        for (int i = 0; i < 12; i++)
            HybridMany.Add("k" + i, i);
        Tasks.Enqueue("low", 9);
        Tasks.Enqueue("high", 1);
        Notes.Add(Ann, "about Ann");
        ImQueue = ImQueue.Dequeue().Enqueue(4);
        for (int i = 0; i < 6; i++)
            Text.Append("piece ").Append(i).Append(", "); // several chunks
        Stream.Write(new byte[] { 1, 2, 3, 250, 251, 252 });
        Stream.Position = 2;
    }
}
