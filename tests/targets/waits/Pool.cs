// A thread pool that is behind: its three workers block, work waits in the global queues and in a worker's own; timers of three periods.
using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Waits;

public sealed class Order : IThreadPoolWorkItem
{
    public void Execute() { }
}

static class Pool
{
    static readonly ManualResetEventSlim Never = new();
    static readonly CountdownEvent Busy = new(3);
    public static readonly List<Timer> Timers = new();

    public static void Reach()
    {
        ThreadPool.SetMinThreads(3, 1);
        ThreadPool.SetMaxThreads(3, 1);
        for (int i = 0; i < 3; i++)
        {
            int worker = i;
            ThreadPool.QueueUserWorkItem(_ => Block(worker));
        }
        Busy.Wait();
        for (int i = 0; i < 7; i++)
            ThreadPool.QueueUserWorkItem(static state => GC.KeepAlive(state), "item " + i);
        for (int i = 0; i < 5; i++)
            Task.Run(static () => { });
        for (int i = 0; i < 2; i++)
            ThreadPool.UnsafeQueueUserWorkItem(new Order(), preferLocal: false);
        for (int i = 1; i <= 3; i++)
            Timers.Add(new Timer(Tick, "timer " + i, TimeSpan.FromHours(i), TimeSpan.FromMinutes(i)));
    }

    static void Tick(object? state) { }

    static void Block(int worker)
    {
        if (worker == 0)
            for (int i = 0; i < 4; i++) // into this worker's own queue
                ThreadPool.UnsafeQueueUserWorkItem(new Order(), preferLocal: true);
        Busy.Signal();
        Never.Wait();
    }
}
