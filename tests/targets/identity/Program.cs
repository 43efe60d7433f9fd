// A heap of objects of many shapes, each with a hidden id (Uid.cs), that changes between two memory dumps of the process.
//   Depot OBJECTS CHURN COLLECT [LEAK]
//     OBJECTS  about so many objects before   CHURN  percent of them that die between the dumps, and as many new ones
//     COLLECT  sweep, natural or compact: how the garbage is collected before each dump   LEAK  percent of OBJECTS leaked (10)
// It writes the file "state" in its folder: "1" and how many collections there were, when the first dump may be taken; waits for the file "go"; "2" for the second.
using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;

namespace Depot;

public static class Program
{
    const int Shards = 2; // each is filled by a thread of its own, so that a server collector uses its heaps

    /// <summary>The leak: nothing is ever taken out.</summary>
    public static readonly List<Leaked> Trail = new();
    public static readonly Section[][] Shard = new Section[Shards][];
    public static readonly byte[][] Large = { new byte[100_000], new byte[120_000], GC.AllocateArray<byte>(2000, pinned: true) };
    static byte[][] ballast = Array.Empty<byte[]>();
    static byte[]? garbage;

    public static void Main(string[] args)
    {
        int objects = int.Parse(args[0]), churn = int.Parse(args[1]), leak = args.Length > 3 ? int.Parse(args[3]) : 10;
        if (args[2] == "sweep") // a small heap would be compacted all the same, for its share of holes
            ballast = NewBallast(40);
        InThreads(shard => Shard[shard] = Build(shard, objects / Shards));
        Leak(objects / 1000);
        Live(args[2], objects, 10); // no heap is fresh
        AwaitDump(1);
        Live(args[2], objects, churn);
        Leak(objects * leak / 100 / 3);
        Collect(args[2], objects);
        AwaitDump(2);
    }

    /// <summary>In five steps, each after a collection: with natural ones the objects of the last are young still.</summary>
    static void Live(string collect, int objects, int percent)
    {
        for (int step = 0; step < 5; step++)
        {
            Collect(collect, objects);
            InThreads(shard => Churn(shard, percent / 5));
        }
        if (collect != "natural")
            Collect(collect, objects);
    }

    static byte[][] NewBallast(int count)
    {
        var arrays = new byte[count][];
        for (int i = 0; i < count; i++)
            arrays[i] = new byte[80_000];
        return arrays;
    }

    static void InThreads(Action<int> work)
    {
        var threads = new Thread[Shards];
        for (int i = 0; i < Shards; i++)
        {
            int shard = i;
            threads[i] = new Thread(() => work(shard));
            threads[i].Start();
        }
        foreach (var thread in threads)
            thread.Join();
    }

    /// <summary>All sections grow side by side, as they do in a program at work.</summary>
    static Section[] Build(int shard, int objects)
    {
        int seed = 100 * (shard + 1);
        var sections = new Section[]
        {
            new Customers(seed), new Letters(seed + 1), new Settings(seed + 2), new Samples(seed + 3), new Pairs(seed + 4), new Sessions(seed + 5),
            new Tickets(seed + 6), new Inbox(seed + 7), new Tree(seed + 8), new Jobs(seed + 9), new Cache(seed + 10), new Closures(seed + 11),
            new Gates(seed + 12), new Twins(seed + 13), new Counters(seed + 14), new Journals(seed + 15)
        };
        var random = new Random(seed + 50);
        double share = (double)objects / sections.Length;
        for (double made = 0; made < objects;)
        {
            var section = sections[random.Next(sections.Length)];
            if (section.Count * section.ObjectsEach > share * 1.2)
                continue;
            section.Add();
            made += section.ObjectsEach;
            garbage = new byte[random.Next(64)];
        }
        return sections;
    }

    static void Churn(int shard, int percent)
    {
        foreach (var section in Shard[shard])
            section.Churn(percent);
    }

    static void Leak(int count)
    {
        for (int i = 0; i < count; i++)
            Trail.Add(new Leaked { Number = i, Trace = new string('t', 20 + i % 5), __uid_Trace = Uid.Next(), Blob = new byte[40], __uid_Blob = Uid.Next() });
    }

    static void Collect(string how, int objects)
    {
        if (how == "natural")
        {
            for (int i = 0; i < 8 * objects; i++)
                garbage = new byte[i % 700];
            return;
        }
        GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: how == "compact");
    }

    static void AwaitDump(int number)
    {
        File.WriteAllText("state.new", string.Concat(number.ToString(), " ", GC.CollectionCount(0).ToString(), " ") +
            string.Concat(GC.CollectionCount(1).ToString(), " ", GC.CollectionCount(2).ToString(), "\n"));
        File.Move("state.new", "state");
        while (!File.Exists("go"))
            Thread.Sleep(50);
        File.Delete("go");
    }
}
