// Threads: two deadlocked on two monitors, one waiting on a pulse, one holding a thin lock, one asleep in a catch block, one in a native wait,
// one with objects, spans and pinned memory on its stack; each with thread statics.
using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Threading;

namespace Scoodle.States;

public static class Threads
{
    public static readonly object LockA = new();
    public static readonly object LockB = new();
    public static readonly object Pulse = new();
    public static readonly Person ThinLocked = new("locked without contention", 0);
    public static readonly List<Thread> All = new();
    static readonly Barrier Meet = new(2);
    static readonly CountdownEvent Reached = new(6);

    public static void Reach()
    {
        Start("deadlock-1", () => Deadlock(LockA, LockB));
        Start("deadlock-2", () => Deadlock(LockB, LockA));
        Start("waits-for-pulse", WaitForPulse);
        Start("holds-thin-lock", HoldThinLock);
        Start("sleeps-in-catch", SleepInCatch);
        Start("stack-only", HoldOnStack);
        Reached.Wait(TimeSpan.FromSeconds(30));
        // the threads need a moment from signalling to blocking
        while (!All.TrueForAll(t => (t.ThreadState & ThreadState.WaitSleepJoin) != 0))
            Thread.Sleep(20);
    }

    static void Start(string name, Action body)
    {
        var thread = new Thread(() =>
        {
            Layouts.SetThreadStatics(name, name.Length);
            body();
        }) { Name = name, IsBackground = true };
        All.Add(thread);
        thread.Start();
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
    static void HoldThinLock()
    {
        lock (ThinLocked)
        lock (ThinLocked)
        {
            Reached.Signal();
            Thread.Sleep(Timeout.Infinite);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void SleepInCatch()
    {
        try
        {
            throw new FormatException("bad format on thread");
        }
        catch (FormatException e) when (e.Message.Length > 3)
        {
            Reached.Signal();
            Thread.Sleep(Timeout.Infinite);
            GC.KeepAlive(e);
        }
    }

    /// <summary>Objects that only this frame keeps alive: by reference, by a span into an array, and pinned by a fixed statement.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static unsafe void HoldOnStack()
    {
        var person = new Person("only on a stack", 1);
        Span<int> middle = new int[100].AsSpan(40, 20);
        var pinned = new byte[333];
        fixed (byte* p = pinned)
        {
            Reached.Signal();
            Thread.Sleep(Timeout.Infinite);
            middle[0] = *p;
        }
        GC.KeepAlive(person);
    }
}
