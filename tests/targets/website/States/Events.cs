// Events, delegates and timers: subscribers that are alive only through a static event; closures; a timer's state.
using System;
using System.Collections.Generic;
using System.Threading;

namespace Scoodle.States;

public sealed class Publisher
{
    public event EventHandler<string>? Changed;
    public void Raise(string what) => Changed?.Invoke(this, what);
}

public sealed class Subscriber
{
    readonly byte[] payload = new byte[256];
    public int Seen;
    public void OnChanged(object? sender, string what) => Seen += what.Length + payload.Length;
}

public static class Events
{
    public static event EventHandler? Closing;
    public static readonly Publisher Publisher = new();
    public static Delegate? Closure;
    public static readonly List<Timer> Timers = new();
    public static System.Timers.Timer? Old;

    public static void Reach()
    {
        for (int i = 0; i < 30; i++)
            Publisher.Changed += new Subscriber().OnChanged;
        Closing += (_, _) => Publisher.Raise("closing");
        var captured = new Person("captured by a closure", 99);
        int count = 3;
        Closure = () => captured.Naam + count++;
        for (int i = 0; i < 4; i++)
            Timers.Add(new Timer(OnTick, new Person($"timer state {i}", i), TimeSpan.FromHours(1 + i), TimeSpan.FromMinutes(5 * i + 1)));
        Old = new System.Timers.Timer(3_600_000) { AutoReset = true };
        Old.Elapsed += (_, _) => Publisher.Raise("elapsed");
        Old.Start();
        Publisher.Raise("reached");
        _ = Closing;
    }

    static void OnTick(object? state) => GC.KeepAlive(state);
}
