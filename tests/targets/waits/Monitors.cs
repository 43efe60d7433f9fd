// Monitors: a ring of two, one owner with two that queue behind it, a recursive owner, a thin lock that nobody wants, a thread that waits for a pulse.
using System.Runtime.CompilerServices;
using System.Threading;

namespace Waits;

public sealed class Account
{
    public readonly int Number;
    public Account(int number) => Number = number;
}

static class Monitors
{
    static readonly Account First = new(1), Second = new(2), Busy = new(3), Thin = new(4), Pulse = new(5);
    static readonly Barrier Meet = new(2);
    static readonly ManualResetEventSlim Taken = new();

    public static void Reach()
    {
        Program.Start("transfer-1-2", () => Transfer(First, Second));
        Program.Start("transfer-2-1", () => Transfer(Second, First));
        Program.Start("busy-owner", Own);
        Taken.Wait();
        Program.Start("busy-next-1", Queue);
        Program.Start("busy-next-2", Queue);
        Program.Start("thin-owner", OwnThin);
        Program.Start("pulse-waiter", WaitForPulse);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Transfer(Account from, Account to)
    {
        lock (from)
        {
            Meet.SignalAndWait();
            lock (to)
                Thread.Sleep(Timeout.Infinite);
        }
    }

    static void Own()
    {
        lock (Busy)
        lock (Busy)
        lock (Busy)
        {
            Taken.Set();
            Thread.Sleep(Timeout.Infinite);
        }
    }

    static void Queue()
    {
        lock (Busy)
            Thread.Sleep(Timeout.Infinite);
    }

    static void OwnThin()
    {
        lock (Thin)
        lock (Thin)
            Thread.Sleep(Timeout.Infinite);
    }

    static void WaitForPulse()
    {
        lock (Pulse)
            Monitor.Wait(Pulse);
    }
}
