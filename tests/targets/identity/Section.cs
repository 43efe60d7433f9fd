// A part of the heap that holds objects of one kind in one kind of collection, and knows how its users treat it.
using System;

namespace Depot;

public abstract class Section
{
    protected readonly Random random;

    protected Section(int seed) => random = new Random(seed);

    /// <summary>Objects it makes for one call of Add, on average.</summary>
    public abstract double ObjectsEach { get; }
    public abstract int Count { get; }
    public abstract void Add();
    /// <summary>The i-th dies and nothing takes its place.</summary>
    public abstract void Remove(int i);
    /// <summary>The i-th dies and a new one of its kind and size is put where it was.</summary>
    public abstract void Replace(int i);
    /// <summary>The i-th lives on and changes.</summary>
    public abstract void Use(int i);

    /// <summary>PERCENT of the things die; half of them are replaced where they were, for the others as many are added.</summary>
    public void Churn(int percent)
    {
        int dying = (int)((long)Count * percent / 100), removed = dying / 2;
        for (int k = 0; k < dying - removed; k++)
            Replace(random.Next(Count));
        for (int k = 0; k < removed; k++)
            Remove(random.Next(Count));
        for (int k = 0; k < removed; k++)
            Add();
        for (int k = Count / 5; k > 0; k--)
            Use(random.Next(Count));
    }

    protected static string Fresh(string text) => new(text.AsSpan());

    protected static readonly string[] Words =
        { "open", "paid", "sent", "lost", "late", "north", "south", "red", "blue", "green", "small", "large", "new", "old", "spare", "whole" };

    protected string Phrase(int words)
    {
        string text = Fresh(Words[random.Next(Words.Length)]);
        for (int i = 1; i < words; i++)
            text = string.Concat(text, " ", Words[random.Next(Words.Length)]);
        return text;
    }

    protected T Any<T>(System.Collections.Generic.List<T> list) => list[random.Next(list.Count)];
}
