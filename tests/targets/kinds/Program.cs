// A small program that keeps a known number of things, waits, and can be dumped by every writer
// there is.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;

namespace Kinds;

public sealed class Order {
    public int Id;
    public string Customer = "";
    public Order? Previous;
    public byte[] Payload = Array.Empty<byte>();
}

public static class Store {
    public static readonly List<Order> Orders = new();
    public static readonly Dictionary<int, Order> ById = new();
    public static byte[] Large = new byte[200_000];
    public static GCHandle Pinned;
}

public static class Program {
    public static void Main()
    {
        Order? previous = null;
        for (int i = 0; i < 1000; i++) {
            var order = new Order { Id = i, Customer = "customer " + i, Previous = previous,
                                    Payload = new byte[i % 100] };
            Store.Orders.Add(order);
            Store.ById[i] = order;
            previous = order;
        }
        Store.Pinned = GCHandle.Alloc(Store.Large, GCHandleType.Pinned);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Console.WriteLine("ready");
        Thread.Sleep(Timeout.Infinite);
    }
}
