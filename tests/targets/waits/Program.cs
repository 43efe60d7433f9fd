// A program whose threads wait for each other in every way `locks` tells apart, with a thread pool that is behind, load contexts, exceptions and pinned objects
// between free blocks. Prints "ready" when all of it stands, then waits to be dumped.
using System;
using System.Collections.Generic;
using System.Threading;

namespace Waits;

static class Program
{
    public static readonly List<Thread> All = new();

    public static Thread Start(string name, Action body)
    {
        var thread = new Thread(() => body()) { Name = name, IsBackground = true };
        All.Add(thread);
        thread.Start();
        return thread;
    }

    static void Main()
    {
        Monitors.Reach();
        ManagedLocks.Reach();
        Pool.Reach();
        Contexts.Reach();
        Failures.Reach();
        Pins.Reach();
        // the threads need a moment from signalling to blocking
        while (!All.TrueForAll(t => (t.ThreadState & ThreadState.WaitSleepJoin) != 0))
            Thread.Sleep(20);
        Thread.Sleep(500);
        Console.WriteLine("ready");
        Thread.Sleep(Timeout.Infinite);
    }
}
