// Locks that are objects themselves: System.Threading.Lock (9 and later) in a ring of three, one ring of a Lock and a monitor, a reader behind a writer,
// a semaphore that nobody releases.
using System;
using System.Threading;

namespace Waits;

static class ManagedLocks
{
    static readonly ReaderWriterLockSlim Table = new();
    static readonly SemaphoreSlim Tickets = new(0, 4);
    static readonly ManualResetEventSlim Written = new();

    public static void Reach()
    {
#if NET9_0_OR_GREATER
        var meet = new Barrier(3);
        var ring = new Lock[] { new(), new(), new() };
        for (int i = 0; i < 3; i++)
        {
            Lock mine = ring[i], next = ring[(i + 1) % 3];
            Program.Start("ring-" + (i + 1), () =>
            {
                lock (mine)
                {
                    meet.SignalAndWait();
                    lock (next)
                        Thread.Sleep(Timeout.Infinite);
                }
            });
        }
        var mixed = new Lock();
        var monitor = new Account(6);
        var both = new Barrier(2);
        Program.Start("mixed-lock", () =>
        {
            lock (mixed)
            lock (mixed)
            {
                both.SignalAndWait();
                lock (monitor)
                    Thread.Sleep(Timeout.Infinite);
            }
        });
        Program.Start("mixed-monitor", () =>
        {
            lock (monitor)
            {
                both.SignalAndWait();
                lock (mixed)
                    Thread.Sleep(Timeout.Infinite);
            }
        });
#endif
        Program.Start("table-writer", () =>
        {
            Table.EnterWriteLock();
            Written.Set();
            Thread.Sleep(Timeout.Infinite);
        });
        Written.Wait();
        Program.Start("table-reader", () => Table.EnterReadLock());
        Program.Start("ticket-waiter", () => Tickets.Wait());
    }
}
