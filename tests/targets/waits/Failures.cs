// Exceptions: thrown with an inner one, several of one message, one never thrown, an aggregate, one that a thread is handling, one that was thrown again.
using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Threading;

namespace Waits;

public sealed class OrderException : Exception
{
    public OrderException(string message, Exception? inner) : base(message, inner) => HResult = unchecked((int)0x80131234);
}

static class Failures
{
    public static readonly List<Exception> Kept = new();
    static readonly ManualResetEventSlim Caught = new();

    public static void Reach()
    {
        for (int i = 0; i < 3; i++)
            Kept.Add(Catch(static () => Place(17)));
        Kept.Add(new InvalidOperationException("never thrown"));
        Kept.Add(new AggregateException("two of them", Kept[0], new TimeoutException("too late")));
        Kept.Add(Catch(() => ExceptionDispatchInfo.Capture(Kept[1]).Throw()));
        Program.Start("handles-exception", Handle);
        Caught.Wait();
    }

    static Exception Catch(Action body)
    {
        try
        {
            body();
        }
        catch (Exception e)
        {
            return e;
        }
        return new InvalidOperationException();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Place(int number)
    {
        try
        {
            Find(number);
        }
        catch (KeyNotFoundException e)
        {
            throw new OrderException("order " + number + " cannot be placed", e);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Find(int number) => throw new KeyNotFoundException("no customer " + number);

    static void Handle()
    {
        try
        {
            int.Parse("twelve");
        }
        catch (FormatException)
        {
            Caught.Set();
            Thread.Sleep(Timeout.Infinite);
        }
    }
}
