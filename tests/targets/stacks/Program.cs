// One thread per kind of frame, root or state that a stack can show. All are blocked for good when "ready" is printed,
// except the one that runs in a loop.
using System;
using System.Collections.Generic;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;

namespace Stacks;

public sealed class Item
{
    public readonly string Name;
    public readonly byte[] Payload;
    public Item(string name, int bytes) { Name = name; Payload = new byte[bytes]; }
}

public interface IWork { void Do(Item item, int depth); }

public struct Pair<TKey, TValue>
{
    public TKey Key;
    public TValue Value;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Hold(ref int counter)
    {
        Program.Block();
        counter++;
        GC.KeepAlive(Key);
        GC.KeepAlive(Value);
    }
}

public class Worker<T> : IWork where T : class
{
    T? held;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Do(Item item, int depth)
    {
        held = item as T;
        if (depth > 0)
            Do(item, depth - 1);
        else
            Convert<string, int>(item.Name, depth);
        GC.KeepAlive(item);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static U Convert<S, U>(S from, U to) where S : class
    {
        Program.Block();
        GC.KeepAlive(from);
        return to;
    }
}

public static class Program
{
    static readonly List<Thread> All = new();
    static readonly object LockA = new(), LockB = new(), Pulse = new();
    static readonly Barrier Meet = new(2);
    static readonly ManualResetEventSlim Never = new(false);
    static CountdownEvent Reached = new(1);
    static volatile int spins;
    [ThreadStatic] static Item? mine;

    static void Start(string name, ThreadStart body, bool background = true)
    {
        Reached.AddCount();
        var thread = new Thread(body, 256 * 1024) { Name = name, IsBackground = background };
        All.Add(thread);
        thread.Start();
    }

    public static void Block()
    {
        Reached.Signal();
        Thread.Sleep(Timeout.Infinite);
    }

    // The founding story's thread: a request that waits, with its argument and a list on the stack.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static int AgendaOverzicht(string week, ManualResetEventSlim ready)
    {
        var rows = new List<Item>();
        for (int i = 0; i < 50; i++)
            rows.Add(new Item(week + "-" + i, 100));
        Reached.Signal();
        ready.Wait();
        return rows.Count + week.Length;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Deadlock(object first, object second)
    {
        lock (first)
        {
            Meet.SignalAndWait();
            Reached.Signal();
            lock (second)
                GC.KeepAlive(first);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void WaitForPulse()
    {
        lock (Pulse)
        {
            Reached.Signal();
            Monitor.Wait(Pulse);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void SleepInCatch(Item outer)
    {
        var local = new Item("lives across the handler", 10);
        try
        {
            Throw(outer);
        }
        catch (FormatException e) when (e.Message.Length > 3)
        {
            var inner = new Item("made in the handler", 20);
            Block();
            GC.KeepAlive(inner);
            GC.KeepAlive(e);
        }
        GC.KeepAlive(local);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Throw(Item item) => throw new FormatException("bad format of " + item.Name);

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void SleepInFinally(Item outer)
    {
        try
        {
            Throw(outer);
        }
        catch (FormatException)
        {
        }
        finally
        {
            Block();
            GC.KeepAlive(outer);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool SleepInFilter(Item outer)
    {
        try
        {
            Throw(outer);
        }
        catch (FormatException e) when (Decide(e, outer))
        {
            return true;
        }
        return false;
    }

    static bool Decide(Exception e, Item item)
    {
        Block();
        return e.Message == item.Name;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void HoldSpan(int count)
    {
        Span<long> big = stackalloc long[count];
        big[0] = 5;
        Span<int> middle = new int[100].AsSpan(40, 20);
        int[] seven = new int[7];
        ref int inside = ref seven[3];
        Block();
        middle[0] = inside + (int)big[0];
        big[count - 1] = middle[1];
        GC.KeepAlive(big.ToString());
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static unsafe void HoldPinned(byte[] buffer)
    {
        fixed (byte* p = buffer)
        {
            Block();
            *p = 1;
        }
    }

    // Interrupted anywhere: fully interruptible code.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Spin(Item item, int[] numbers)
    {
        Reached.Signal();
        while (true)
        {
            for (int i = 0; i < numbers.Length; i++)
                numbers[i] += spins;
            spins = numbers[0];
            if (item.Payload.Length == spins && spins == -1)
                return;
        }
    }

    [DllImport("libc", EntryPoint = "qsort")]
    static extern unsafe void Sort(void* items, nint count, nint bytes, delegate* unmanaged[Cdecl]<void*, void*, int> compare);

    [UnmanagedCallersOnly(CallConvs = new[] { typeof(CallConvCdecl) })]
    static unsafe int Compare(void* a, void* b)
    {
        var held = new Item("below native frames", 30);
        Block();
        GC.KeepAlive(held);
        return *(int*)a - *(int*)b;
    }

    // Managed code called by native code called by managed code.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static unsafe void CallThroughNative(Item item)
    {
        var numbers = new[] { 2, 1 };
        fixed (int* p = numbers)
            Sort(p, 2, 4, &Compare);
        GC.KeepAlive(item);
    }

    static Action<Item> MakeDynamic()
    {
        var method = new DynamicMethod("MadeAtRunTime", typeof(void), new[] { typeof(Item) }, typeof(Program).Module);
        var code = method.GetILGenerator();
        code.Emit(OpCodes.Call, typeof(Program).GetMethod(nameof(Block))!);
        code.Emit(OpCodes.Ldarg_0);
        code.Emit(OpCodes.Call, typeof(GC).GetMethod(nameof(GC.KeepAlive))!);
        code.Emit(OpCodes.Ret);
        return (Action<Item>)method.CreateDelegate(typeof(Action<Item>));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static long Many(Item a, string b, int c, object d, long e, Item f, string g, ref Item h, in Guid i, params object[] rest)
    {
        Block();
        GC.KeepAlive(a);
        GC.KeepAlive(b);
        GC.KeepAlive(d);
        GC.KeepAlive(f);
        GC.KeepAlive(g);
        GC.KeepAlive(h);
        GC.KeepAlive(rest);
        return c + e + i.GetHashCode();
    }

    static void UseStatics()
    {
        mine = new Item("thread static", 40);
        AppDomain.CurrentDomain.SetData("key", mine);
        Block();
    }

    public static int Main()
    {
        var request = new Thread(() => AgendaOverzicht("2024-W07", Never), 256 * 1024) { Name = "request-worker", IsBackground = true };
        Reached.AddCount();
        All.Add(request);
        request.Start();
        Start("deadlock-1", () => Deadlock(LockA, LockB));
        Start("deadlock-2", () => Deadlock(LockB, LockA));
        Start("waits-for-pulse", WaitForPulse);
        Start("sleeps-in-catch", () => SleepInCatch(new Item("catch", 11)));
        Start("sleeps-in-finally", () => SleepInFinally(new Item("finally", 12)));
        if (Environment.Version.Major < 10) // the peer (ClrMD 4.2.750101, DAC of 10.0.14) crashes on a stack inside a filter
            Start("sleeps-in-filter", () => SleepInFilter(new Item("filter", 13)));
        Start("spans", () => HoldSpan(10000));
        Start("pinned", () => HoldPinned(new byte[333]));
        Start("spins", () => Spin(new Item("spin", 14), new int[64]));
        Start("through-native", () => CallThroughNative(new Item("native", 15)));
        Action<Item> made = MakeDynamic();
        Start("dynamic", () => made(new Item("dynamic", 16)));
        Start("generic", () => { IWork work = new Worker<Item>(); work.Do(new Item("generic", 17), 3); });
        Start("struct", () => { int n = 0; new Pair<string, List<Item>> { Key = "key", Value = new() }.Hold(ref n); });
        Start("many", () => { var h = new Item("by reference", 18); Many(new Item("a", 19), "b" + spins, 3, LockA, 5, new Item("f", 20), "g" + spins, ref h, Guid.Empty, 1, "two"); });
        Start("statics", UseStatics);
        for (int i = 0; i < 4; i++)
            Start("pool-like-" + i, Block);
        var dead = new Thread(() => { }) { Name = "dead" };
        dead.Start();
        dead.Join();
        var unstarted = new Thread(Block) { Name = "unstarted" };
        Reached.AddCount();
        ThreadPool.QueueUserWorkItem(_ => { Reached.Signal(); Never.Wait(); });
        Reached.Signal();
        Reached.Wait();
        Thread.Sleep(500);
        GC.Collect();
        Console.WriteLine("ready");
        Thread.Sleep(Timeout.Infinite);
        GC.KeepAlive(dead);
        GC.KeepAlive(unstarted);
        return 0;
    }
}
