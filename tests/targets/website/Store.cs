// What the site keeps in static fields: the leak and the common collections. Each state of States/*.cs adds its own.
using System;
using System.Collections;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Collections.Specialized;
using System.Text;
using Scoodle.Business.Queries;

namespace Scoodle;

public sealed record Person(string Naam, int Leeftijd)
{
    public Person? Partner { get; set; }
}

public static class Store
{
    /// <summary>The leak: nothing is ever taken out.</summary>
    public static readonly List<IMateriaalDto> Materials = new();
    public static readonly Dictionary<string, Hashtable> Sessions = new();
    public static readonly ConcurrentDictionary<string, object> Cache = new();
    public static readonly Hashtable Session = new();
    public static readonly Dictionary<int, string> Ints = new();
    public static readonly HashSet<string> Users = new();
    public static readonly SortedDictionary<string, Person> Sorted = new();
    public static readonly LinkedList<Dictionary<string, Person>> Weeks = new();
    public static readonly Queue<Person> Waiting = new();
    public static readonly Stack<string> Undo = new();
    public static readonly ArrayList Old = new();
    public static readonly NameValueCollection Settings = new();
    public static readonly StringBuilder Log = new();
    public static ImmutableList<string> Frozen = ImmutableList<string>.Empty;
    public static ImmutableDictionary<string, int> Counts = ImmutableDictionary<string, int>.Empty;
    public static ConcurrentQueue<Person> Mailbox = new();
    public static PriorityQueue<string, int> Jobs = new();
    static int next;

    public static void Leak(int count)
    {
        for (int i = 0; i < count; i++)
            Materials.Add(Business.Queries.Materials.Make(next++));
    }

    /// <summary>Replaces the newest tenth of the items with new ones and drops every second week.</summary>
    public static void Churn()
    {
        int first = Materials.Count - Materials.Count / 10;
        for (int i = first; i < Materials.Count; i++)
            Materials[i] = Business.Queries.Materials.Make(next++);
        for (var week = Weeks.First; week?.Next != null; week = week.Next)
            Weeks.Remove(week.Next);
    }

    public static void Fill()
    {
        for (int i = 0; i < 120; i++)
        {
            var person = new Person($"leerling {i % 40}", 6 + i % 12);
            Sessions[$"sessie-{i:D4}"] = new Hashtable { ["user"] = person, ["start"] = new DateTime(2016, 9, 1).AddSeconds(i), ["hits"] = i };
            Cache[$"/agenda/week/{i}"] = i % 3 == 0 ? new byte[64 + i] : person;
            Session[i] = $"waarde {i}";
            Ints[i * 7] = $"nummer {i}";
            Users.Add(person.Naam);
            Sorted[person.Naam] = person;
            Waiting.Enqueue(person);
            Undo.Push($"stap {i}");
            Old.Add(i % 2 == 0 ? i : (object)$"oud {i}");
            Settings.Add($"sleutel{i % 30}", $"instelling {i}");
            Log.Append("regel ").Append(i).Append(" van het logboek; ");
            Frozen = Frozen.Add(person.Naam);
            Counts = Counts.SetItem(person.Naam, i);
            Mailbox.Enqueue(person);
            Jobs.Enqueue($"taak {i}", 120 - i);
        }
        for (int week = 0; week < 50; week++)
        {
            var a = new Person($"leraar {week}", 30 + week) { Partner = null };
            var b = new Person($"juf {week}", 31 + week) { Partner = a };
            a.Partner = b;
            Weeks.AddLast(new Dictionary<string, Person> { ["leraar"] = a, ["juf"] = b });
        }
    }
}
