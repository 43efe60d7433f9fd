// The kinds of objects: classes of many shapes, each with its hidden id.
using System;
using System.Collections.Generic;
using System.Threading.Tasks;

namespace Depot;

public abstract class Entity
{
    public long __uid = Uid.Next();
    public int Number;
}

public enum OrderState : byte { Open, Paid, Sent }

/// <summary>A struct with references in the elements of an array.</summary>
public struct Line
{
    public int Product, Count;
    public decimal Price;
    public string? Note;
    public long __uid_Note;
}

public abstract class Payment
{
    public decimal Amount;
    public long __uid = Uid.Next();
}

public sealed class CardPayment : Payment
{
    public int LastDigits;
    public Customer? Payer;
}

public sealed class CashPayment : Payment
{
    public byte Till;
}

public sealed class Order : Entity
{
    public Customer? Buyer;
    public Line[] Lines = Array.Empty<Line>();
    public long __uid_Lines;
    public Payment? Paid;
    public OrderState State;
    public DateTime Changed;
}

public class Customer : Entity
{
    public string Name = "";
    public long __uid_Name;
    public List<Order> Orders = new(2);
    public long __uid_Orders = Uid.Next();
    public DateTime Since, LastSeen;
    public Customer? Introducer;
}

public sealed class BusinessCustomer : Customer
{
    public string VatNumber = "";
    public long __uid_VatNumber;
    public int Discount;
}

/// <summary>Everything about it is text, most of it said many times before.</summary>
public sealed class Letter
{
    public string Title = "", Text = "", Author = "";
    public string? Reply;
    public long __uid = Uid.Next(), __uid_Title, __uid_Text, __uid_Author, __uid_Reply;
}

public sealed class Message : Entity
{
    public Customer? From;
    public bool Read;
}

public sealed class TreeNode
{
    public TreeNode? Parent;
    public TreeNode?[] Children = Array.Empty<TreeNode?>();
    public long __uid_Children;
    public int Rank;
    public long __uid = Uid.Next();
}

public sealed class Job : Entity
{
    public int Priority, Attempts;
    public byte[] Input = Array.Empty<byte>();
    public long __uid_Input;
}

/// <summary>An entry of a least-recently-used cache: the order changes with each use.</summary>
public sealed class CacheEntry
{
    public CacheEntry? Newer, Older;
    public int Key, Uses;
    public byte[] Page = Array.Empty<byte>();
    public long __uid_Page;
    public long __uid = Uid.Next();
}

/// <summary>Each is like every other.</summary>
public sealed class Twin
{
    public long __uid = Uid.Next();
    public int Kind = 7;
}

public sealed class Sample
{
    public double[] Points = Array.Empty<double>();
    public int[] Counts = Array.Empty<int>();
    public long __uid_Points, __uid_Counts, __uid = Uid.Next();
    public float Mean;
}

public struct Money
{
    public decimal Amount;
    public long __uid;
    public short Currency;
}

/// <summary>Holds a boxed int, double, Guid or Money.</summary>
public sealed class Setting : Entity
{
    public object Value = null!;
    public long __uid_Value;
}

public sealed class Pair<TLeft, TRight>
{
    public TLeft Left = default!;
    public TRight Right = default!;
    public long __uid = Uid.Next();
}

public sealed class Session : Entity
{
    public string Key = "";
    public long __uid_Key;
    public Dictionary<string, object> Values = new();
    public long __uid_Values = Uid.Next();
    public int Hits;
    public DateTime LastUse;
}

public sealed class Counter
{
    public long Value;
    public long __uid = Uid.Next();
    public Twin? Shared;
}

public sealed class Ticket : Entity
{
    public string Subject = "";
    public long __uid_Subject;
    public Twin Seal = new();
}

public sealed class Event : Entity
{
    public long At;
    public int Kind;
}

/// <summary>A list that grows between the dumps, so that its array is a new one.</summary>
public sealed class Journal : Entity
{
    public List<Event> Events = new();
    public long __uid_Events = Uid.Next();
}

/// <summary>Something to wait for: its async method stays suspended until it is opened.</summary>
public sealed class Gate : Entity
{
    public TaskCompletionSource<int> Source = new();
    public long __uid_Source = Uid.Next();
    public Task<int>? Waiter;
}

/// <summary>What the leak leaves.</summary>
public sealed class Leaked : Entity
{
    public string Trace = "";
    public long __uid_Trace;
    public byte[] Blob = Array.Empty<byte>();
    public long __uid_Blob;
}
