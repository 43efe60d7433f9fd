// Exceptions: with an inner one and a stack trace, an aggregate, one in a faulted task, one with data.
using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Threading.Tasks;

namespace Scoodle.States;

public sealed class AgendaException : ApplicationException
{
    public int Week { get; init; }
    public AgendaException(string message, Exception inner) : base(message, inner) { }
}

public static class Failures
{
    public static readonly List<Exception> Kept = new();
    public static Task? Faulted;

    public static void Reach()
    {
        Keep(() => Query(47));
        Keep(() => throw new AggregateException("two at once", new ArgumentNullException("week"), new FormatException("no number")));
        Keep(() => Store.Ints[-1].ToString());
        Kept[0].Data["gebruiker"] = new Person("whose request failed", 12);
        Faulted = Task.FromException(new TimeoutException("nobody observes this"));
    }

    static void Keep(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e)
        {
            Kept.Add(e);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Query(int week)
    {
        try
        {
            Parse("zevenenveertig");
        }
        catch (InvalidOperationException e)
        {
            throw new AgendaException($"outer failed for week {week}", e) { Week = week };
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Parse(string text) => throw new InvalidOperationException($"inner went wrong on '{text}'");
}
