// Suspended async methods: chains three deep, a when-all, a semaphore's waiters, a delay, an async stream, a ValueTask source.
using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;

namespace Scoodle.States;

public static class AsyncWaits
{
    public static readonly List<Task> Tasks = new();
    public static readonly SemaphoreSlim Gate = new(0);
    public static readonly Channel<Person> Inbox = Channel.CreateUnbounded<Person>();
    public static readonly CancellationTokenSource Cancel = new();

    public static void Reach()
    {
        for (int i = 0; i < 5; i++)
            Tasks.Add(Chain(3, $"keten {i}"));
        Tasks.Add(Task.WhenAll(Chain(1, "a"), Chain(1, "b")));
        for (int i = 0; i < 3; i++)
            Tasks.Add(Gate.WaitAsync());
        Tasks.Add(Wait(TimeSpan.FromHours(6)));
        Tasks.Add(Consume());
        Tasks.Add(Receive());
        Cancel.Token.Register(static state => GC.KeepAlive(state), new Person("cancellation state", 0));
        Tasks.Add(Task.Delay(-1, Cancel.Token));
        Tasks.Add(Task.CompletedTask);
    }

    static async Task<int> Chain(int depth, string name)
    {
        if (depth == 0)
        {
            await Program.Never.Task;
            return 0;
        }
        return 1 + await Chain(depth - 1, name + "." + depth);
    }

    static async Task Wait(TimeSpan time) => await Task.Delay(time);

    static async Task<Person> Receive() => await Inbox.Reader.ReadAsync();

    static async Task Consume()
    {
        await foreach (var person in Produce())
            GC.KeepAlive(person);
    }

    static async IAsyncEnumerable<Person> Produce([EnumeratorCancellation] CancellationToken token = default)
    {
        yield return new Person("streamed", 1);
        await Program.Never.Task.WaitAsync(token);
        yield return new Person("never streamed", 2);
    }
}
