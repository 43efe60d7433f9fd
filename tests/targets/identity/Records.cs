// Sections of business records: customers with orders, letters, settings, samples, pairs, sessions, tickets.
using System;
using System.Collections.Concurrent;
using System.Collections.Generic;

namespace Depot;

public sealed class Customers(int seed) : Section(seed)
{
    readonly List<Customer> all = new();
    readonly Dictionary<int, Customer> byNumber = new();
    int next;

    public override double ObjectsEach => 13;
    public override int Count => all.Count;

    Customer Make(int number)
    {
        Customer customer = number % 7 == 0
            ? new BusinessCustomer { VatNumber = "NL" + (number % 50), __uid_VatNumber = Uid.Next(), Discount = number % 30 }
            : new Customer();
        customer.Number = number;
        customer.Name = Phrase(2);
        customer.__uid_Name = Uid.Next();
        customer.Since = new DateTime(2020, 1, 1).AddDays(random.Next(2000));
        if (all.Count > 0)
            customer.Introducer = Any(all);
        for (int orders = random.Next(4); orders > 0; orders--)
            customer.Orders.Add(MakeOrder(customer));
        return customer;
    }

    Order MakeOrder(Customer buyer)
    {
        var order = new Order { Number = random.Next(100), Buyer = buyer, Lines = new Line[1 + random.Next(4)], __uid_Lines = Uid.Next() };
        for (int i = 0; i < order.Lines.Length; i++)
            order.Lines[i] = new Line
            {
                Product = random.Next(40), Count = 1 + random.Next(3), Price = random.Next(500), Note = Phrase(1), __uid_Note = Uid.Next()
            };
        if (random.Next(2) == 0)
            order.Paid = random.Next(3) == 0 ? new CashPayment { Amount = 10, Till = 1 } : new CardPayment { Amount = 25, Payer = buyer };
        return order;
    }

    public override void Add()
    {
        var customer = Make(next++);
        all.Add(customer);
        byNumber[customer.Number] = customer;
    }

    public override void Remove(int i)
    {
        byNumber.Remove(all[i].Number);
        all.RemoveAt(i);
    }

    public override void Replace(int i)
    {
        int number = all[i].Number;
        all[i] = byNumber[number] = Make(number);
    }

    public override void Use(int i)
    {
        all[i].LastSeen = all[i].LastSeen.AddHours(1);
        if (all[i].Orders.Count > 0)
        {
            var order = Any(all[i].Orders);
            order.State = OrderState.Sent;
            order.Paid ??= new CashPayment { Amount = 5, Till = 2 };
        }
        if (random.Next(4) == 0)
            all[i].Orders.Add(MakeOrder(all[i]));
    }
}

public sealed class Letters(int seed) : Section(seed)
{
    readonly List<Letter> all = new();

    public override double ObjectsEach => 4.3;
    public override int Count => all.Count;

    Letter Make() => new()
    {
        Title = Phrase(1), Text = Phrase(4), Author = Phrase(1), Reply = random.Next(3) == 0 ? Phrase(2) : null,
        __uid_Title = Uid.Next(), __uid_Text = Uid.Next(), __uid_Author = Uid.Next(), __uid_Reply = Uid.Next()
    };

    public override void Add() => all.Add(Make());
    public override void Remove(int i) => all.RemoveAt(i);
    public override void Replace(int i) => all[i] = Make();

    /// <summary>Half of the time the text is written again: the letter lives, its string is another.</summary>
    public override void Use(int i)
    {
        var letter = all[i];
        if (random.Next(2) == 0)
            (letter.Text, letter.__uid_Text) = (Phrase(4), Uid.Next());
        else
            (letter.Reply, letter.__uid_Reply) = (Phrase(2), Uid.Next());
    }
}

public sealed class Settings(int seed) : Section(seed)
{
    readonly Dictionary<int, Setting> all = new();
    readonly List<int> keys = new();
    int next;

    public override double ObjectsEach => 2;
    public override int Count => keys.Count;

    object Value() => random.Next(4) switch
    {
        0 => random.Next(10),
        1 => (double)random.Next(10),
        2 => new Guid(random.Next(5), 0, 0, new byte[8]),
        _ => new Money { Amount = random.Next(20), Currency = 978, __uid = Uid.Next() }
    };

    Setting Make(int key)
    {
        object value = Value();
        return new() { Number = key, Value = value, __uid_Value = value is Money money ? money.__uid : Uid.Next() };
    }

    public override void Add()
    {
        keys.Add(next);
        all[next] = Make(next);
        next++;
    }

    public override void Remove(int i)
    {
        all.Remove(keys[i]);
        keys.RemoveAt(i);
    }

    public override void Replace(int i) => all[keys[i]] = Make(keys[i]);

    public override void Use(int i)
    {
        var setting = all[keys[i]];
        setting.Value = random.Next(10);
        setting.__uid_Value = Uid.Next();
    }
}

public sealed class Samples(int seed) : Section(seed)
{
    Sample?[] slots = new Sample?[16];
    int count;

    public override double ObjectsEach => 3;
    public override int Count => count;

    Sample Make()
    {
        var sample = new Sample { Points = new double[4 + random.Next(3) * 2], Counts = new int[8], __uid_Points = Uid.Next(), __uid_Counts = Uid.Next() };
        if (random.Next(2) == 0)
            for (int i = 0; i < sample.Points.Length; i++)
                sample.Points[i] = random.Next(1000);
        return sample;
    }

    public override void Add()
    {
        if (count == slots.Length)
            Array.Resize(ref slots, count * 2);
        slots[count++] = Make();
    }

    /// <summary>The last one moves to the place of the dead one.</summary>
    public override void Remove(int i)
    {
        slots[i] = slots[--count];
        slots[count] = null;
    }

    public override void Replace(int i) => slots[i] = Make();

    public override void Use(int i)
    {
        slots[i]!.Counts[random.Next(8)]++;
        slots[i]!.Mean += 0.5f;
    }
}

public sealed class Pairs(int seed) : Section(seed)
{
    readonly List<object> all = new();

    public override double ObjectsEach => 2;
    public override int Count => all.Count;

    object Make() => random.Next(4) switch
    {
        0 => new Pair<int, long> { Left = random.Next(9), Right = random.Next(9) },
        1 => new Pair<Twin, int> { Left = new Twin(), Right = random.Next(9) },
        2 => new Pair<Twin, Twin> { Left = new Twin(), Right = new Twin { Kind = 8 } },
        _ => new Pair<Counter, byte> { Left = new Counter { Value = random.Next(50) }, Right = 3 }
    };

    public override void Add() => all.Add(Make());
    public override void Remove(int i) => all.RemoveAt(i);

    /// <summary>Always of the same type: where a reader sees only the slot, nothing has happened.</summary>
    public override void Replace(int i) => all[i] = all[i] switch
    {
        Pair<int, long> old => new Pair<int, long> { Left = old.Left, Right = old.Right },
        Pair<Twin, int> old => new Pair<Twin, int> { Left = new Twin(), Right = old.Right },
        Pair<Twin, Twin> => new Pair<Twin, Twin> { Left = new Twin(), Right = new Twin { Kind = 8 } },
        Pair<Counter, byte> old => new Pair<Counter, byte> { Left = old.Left, Right = old.Right },
        _ => Make()
    };

    public override void Use(int i)
    {
        if (all[i] is Pair<Counter, byte> pair)
            pair.Left.Value++;
    }
}

public sealed class Sessions(int seed) : Section(seed)
{
    readonly Dictionary<string, Session> all = new();
    readonly List<string> keys = new();
    int next;

    public override double ObjectsEach => 8;
    public override int Count => keys.Count;

    Session Make(string key)
    {
        var session = new Session { Number = next, Key = key, __uid_Key = Uid.Next() };
        session.Values["user"] = Words[random.Next(Words.Length)];
        session.Values["basket"] = random.Next(5);
        session.Values["seen"] = new Twin();
        return session;
    }

    public override void Add()
    {
        string key = "s" + next++;
        all[key] = Make(key);
        keys.Add(key);
    }

    public override void Remove(int i)
    {
        all.Remove(keys[i]);
        keys.RemoveAt(i);
    }

    /// <summary>Another session under a key of the same text: the old string dies with the old session.</summary>
    public override void Replace(int i)
    {
        string key = Fresh(keys[i]);
        all.Remove(keys[i]);
        all[key] = Make(key);
        keys[i] = key;
    }

    public override void Use(int i)
    {
        var session = all[keys[i]];
        session.Hits++;
        session.LastUse = session.LastUse.AddMinutes(3);
        session.Values["basket"] = random.Next(5);
    }
}

public sealed class Tickets(int seed) : Section(seed)
{
    readonly ConcurrentDictionary<int, Ticket> all = new(1, 31);
    readonly List<int> keys = new();
    int next;

    public override double ObjectsEach => 4;
    public override int Count => keys.Count;

    Ticket Make(int key) => new() { Number = key, Subject = Phrase(1), __uid_Subject = Uid.Next() };

    public override void Add()
    {
        all[next] = Make(next);
        keys.Add(next++);
    }

    public override void Remove(int i)
    {
        all.TryRemove(keys[i], out _);
        keys.RemoveAt(i);
    }

    /// <summary>A new node too: the one that the dictionary would keep has no id of its own.</summary>
    public override void Replace(int i)
    {
        all.TryRemove(keys[i], out _);
        all[keys[i]] = Make(keys[i]);
    }

    public override void Use(int i) => all[keys[i]].Seal.Kind++;
}
