// The finalization queue: registered, suppressed, and a ready part that stays, since the finalizer thread is blocked in a finalizer.
// Reached last: from then on no finalizer of the process runs any more.
using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Runtime.ConstrainedExecution;
using System.Threading;

namespace Scoodle.States;

public class Finalizable
{
    public readonly string Name;
    public Finalizable(string name) => Name = name;
    ~Finalizable() => GC.KeepAlive(Name);
}

/// <summary>Critical finalizers wait in a list of their own, after the others.</summary>
public sealed class CriticalFinalizable : CriticalFinalizerObject
{
    public readonly int[] Data = new int[6];
    ~CriticalFinalizable() => GC.KeepAlive(Data);
}

public sealed class Blocker
{
    public static readonly ManualResetEventSlim Entered = new(false);
    readonly string reason = "blocks the finalizer thread";
    ~Blocker()
    {
        Entered.Set();
        Thread.Sleep(Timeout.Infinite);
        GC.KeepAlive(reason);
    }
}

public static class Finalization
{
    public static readonly List<Finalizable> Alive = new();

    public static void Reach()
    {
        for (int i = 0; i < 110; i++)
            Alive.Add(new Finalizable($"alive {i}"));
        for (int i = 0; i < 10; i++)
            GC.SuppressFinalize(Alive[i]);
        DropBlocker();
        GC.Collect();
        Blocker.Entered.Wait(TimeSpan.FromSeconds(30));
        DropOthers();
        GC.Collect();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void DropBlocker() => _ = new Blocker();

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void DropOthers()
    {
        for (int i = 0; i < 40; i++)
            _ = new Finalizable($"ready {i}");
        for (int i = 0; i < 5; i++)
            _ = new CriticalFinalizable();
    }
}
