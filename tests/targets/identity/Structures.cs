// Sections whose shape is the point: lists with nodes, trees, queues, caches, closures, suspended methods, twins, lists that grow.
using System;
using System.Collections.Generic;
using System.Threading.Tasks;

namespace Depot;

public sealed class Inbox(int seed) : Section(seed)
{
    readonly LinkedList<Message> all = new();
    readonly List<LinkedListNode<Message>> nodes = new();

    public override double ObjectsEach => 2;
    public override int Count => nodes.Count;

    Message Make() => new() { Number = random.Next(20) };

    public override void Add() => nodes.Add(all.AddLast(Make()));

    public override void Remove(int i)
    {
        all.Remove(nodes[i]);
        nodes.RemoveAt(i);
    }

    public override void Replace(int i)
    {
        var old = nodes[i];
        nodes[i] = all.AddAfter(old, Make());
        all.Remove(old);
    }

    /// <summary>Read, and moved to the front: the node stays the node of its message.</summary>
    public override void Use(int i)
    {
        nodes[i].Value.Read = true;
        all.Remove(nodes[i]);
        all.AddFirst(nodes[i]);
    }
}

public sealed class Tree(int seed) : Section(seed)
{
    readonly TreeNode root = new();
    readonly List<TreeNode> all = new();

    public override double ObjectsEach => 2;
    public override int Count => all.Count;

    static TreeNode Make(TreeNode parent, int rank) => new() { Parent = parent, Rank = rank, Children = new TreeNode?[3], __uid_Children = Uid.Next() };

    public override void Add()
    {
        while (true)
        {
            var parent = all.Count == 0 ? root : Any(all);
            if (parent.Children.Length == 0)
                (parent.Children, parent.__uid_Children) = (new TreeNode?[3], Uid.Next());
            int free = Array.IndexOf(parent.Children, null);
            if (free < 0)
                continue;
            parent.Children[free] = Make(parent, parent.Rank + 1);
            all.Add(parent.Children[free]!);
            return;
        }
    }

    static int FirstChild(TreeNode node) => Array.FindIndex(node.Children, c => c != null);

    /// <summary>A leaf below it dies, since others hang on the node.</summary>
    public override void Remove(int i)
    {
        var node = all[i];
        for (int child = FirstChild(node); child >= 0; child = FirstChild(node))
            node = node.Children[child]!;
        all.Remove(node);
        node.Parent!.Children[Array.IndexOf(node.Parent.Children, node)] = null;
    }

    /// <summary>A new node takes over the children.</summary>
    public override void Replace(int i)
    {
        var old = all[i];
        var parent = old.Parent!;
        var node = Make(parent, old.Rank);
        old.Children.CopyTo(node.Children, 0);
        foreach (var child in node.Children)
            if (child != null)
                child.Parent = node;
        parent.Children[Array.IndexOf(parent.Children, old)] = node;
        all[i] = node;
    }

    public override void Use(int i) => all[i].Rank += 100;
}

public sealed class Jobs(int seed) : Section(seed)
{
    readonly Queue<Job> waiting = new();
    readonly List<Job> done = new();

    public override double ObjectsEach => 2;
    public override int Count => waiting.Count;

    Job Make() => new() { Number = random.Next(30), Priority = random.Next(5), Input = new byte[random.Next(3) * 8], __uid_Input = Uid.Next() };

    public override void Add() => waiting.Enqueue(Make());
    public override void Remove(int i) => waiting.Dequeue();

    /// <summary>As a ring does: one leaves at the front, one comes at the back.</summary>
    public override void Replace(int i)
    {
        waiting.Dequeue();
        waiting.Enqueue(Make());
    }

    /// <summary>Tried and put back, or done: it moves to another owner.</summary>
    public override void Use(int i)
    {
        var job = waiting.Dequeue();
        job.Attempts++;
        if (job.Attempts > 1)
        {
            done.Add(job);
            Add();
        }
        else
            waiting.Enqueue(job);
    }
}

public sealed class Cache(int seed) : Section(seed)
{
    readonly Dictionary<int, CacheEntry> entries = new();
    readonly List<int> keys = new();
    CacheEntry? newest, oldest;
    int next;

    public override double ObjectsEach => 2;
    public override int Count => keys.Count;

    void Link(CacheEntry entry)
    {
        (entry.Older, entry.Newer) = (newest, null);
        if (newest != null)
            newest.Newer = entry;
        newest = entry;
        oldest ??= entry;
    }

    void Unlink(CacheEntry entry)
    {
        if (entry.Newer == null)
            newest = entry.Older;
        else
            entry.Newer.Older = entry.Older;
        if (entry.Older == null)
            oldest = entry.Newer;
        else
            entry.Older.Newer = entry.Newer;
    }

    void Insert(int key)
    {
        var entry = new CacheEntry { Key = key, Page = new byte[24], __uid_Page = Uid.Next() };
        random.NextBytes(entry.Page.AsSpan(0, 2));
        entries[key] = entry;
        Link(entry);
    }

    public override void Add()
    {
        keys.Add(next);
        Insert(next++);
    }

    public override void Remove(int i)
    {
        Unlink(entries[keys[i]]);
        entries.Remove(keys[i]);
        keys.RemoveAt(i);
    }

    public override void Replace(int i)
    {
        Unlink(entries[keys[i]]);
        Insert(keys[i]);
    }

    public override void Use(int i)
    {
        var entry = entries[keys[i]];
        entry.Uses++;
        Unlink(entry);
        Link(entry);
    }
}

public sealed class Closures(int seed) : Section(seed)
{
    readonly List<Func<int, int>> all = new();

    public override double ObjectsEach => 2;
    public override int Count => all.Count;

    static Func<int, int> Make(int rate, long __uid) => x => (int)(__uid == 0 ? 0 : x * rate);

    public override void Add() => all.Add(Make(random.Next(9), Uid.Next()));
    public override void Remove(int i) => all.RemoveAt(i);
    public override void Replace(int i) => all[i] = Make(all[i](1), Uid.Next());
    public override void Use(int i) => (all[i], all[0]) = (all[0], all[i]);
}

public sealed class Gates(int seed) : Section(seed)
{
    readonly List<Gate> all = new();

    public override double ObjectsEach => 4;
    public override int Count => all.Count;

    static async Task<int> Wait(Gate gate, int rounds, long __uid)
    {
        int sum = 0;
        for (int i = 0; i < rounds; i++)
            sum += await gate.Source.Task.ConfigureAwait(false);
        return __uid == 0 ? 0 : sum;
    }

    Gate Make()
    {
        var gate = new Gate { Number = random.Next(6) };
        gate.Waiter = Wait(gate, 1 + random.Next(3), Uid.Next());
        return gate;
    }

    public override void Add() => all.Add(Make());
    public override void Remove(int i) => all.RemoveAt(i);
    public override void Replace(int i) => all[i] = Make();

    /// <summary>Opened: the method runs to its end; its task lives on as the waiter.</summary>
    public override void Use(int i) => all[i].Source.TrySetResult(1);
}

public sealed class Twins(int seed) : Section(seed)
{
    readonly List<Twin> all = new();

    public override double ObjectsEach => 1;
    public override int Count => all.Count;
    public override void Add() => all.Add(new Twin());
    public override void Remove(int i) => all.RemoveAt(i);
    public override void Replace(int i) => all[i] = new Twin();
    public override void Use(int i) { }
}

public sealed class Counters(int seed) : Section(seed)
{
    readonly List<Counter> all = new();
    readonly Twin shared = new();

    public override double ObjectsEach => 1;
    public override int Count => all.Count;
    Counter Make() => new() { Shared = random.Next(2) == 0 ? shared : null, Value = random.Next(4) };
    public override void Add() => all.Add(Make());
    public override void Remove(int i) => all.RemoveAt(i);
    public override void Replace(int i) => all[i] = Make();
    public override void Use(int i) => all[i].Value += 1 + i % 3;
}

/// <summary>Lists of events: most grow, some are sorted the other way round.</summary>
public sealed class Journals(int seed) : Section(seed)
{
    readonly List<Journal> all = new();

    public override double ObjectsEach => 15;
    public override int Count => all.Count;

    void Append(Journal journal, int count)
    {
        for (; count > 0; count--)
            journal.Events.Add(new Event { Number = random.Next(50), Kind = random.Next(4), At = journal.Events.Count });
    }

    Journal Make()
    {
        var journal = new Journal { Number = random.Next(12) };
        Append(journal, 4 + random.Next(16));
        return journal;
    }

    public override void Add() => all.Add(Make());
    public override void Remove(int i) => all.RemoveAt(i);
    public override void Replace(int i) => all[i] = Make();

    public override void Use(int i)
    {
        if (i % 4 == 0)
            all[i].Events.Reverse();
        else
            Append(all[i], 8);
    }
}
