// Fills the store, writes what it holds to the file named by TRUTH (in its own words: ToString of each
// item as the collection enumerates them), prints "ready" and waits to be dumped.
using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Reflection;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Lab;

public static class Program
{
    public static Values Values = new();
    public static int AnInt = 42;
    public static double ADouble = 2.75;
    public static Guid AGuid = new("00000000-0000-0000-0000-00000000002a");
    public static Shade AShade = Shade.Green;
    public static DateTime Started = new(2021, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    [ThreadStatic] public static int PerThread;
    [ThreadStatic] public static string PerThreadText;
    private static readonly TaskCompletionSource Never = new();

    public static void Main()
    {
        PerThread = 7;
        PerThreadText = "of main";
        Store.Fill();
        Values.Fill(Never);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        string truth = Environment.GetEnvironmentVariable("TRUTH");
        if (truth != null)
            File.WriteAllText(truth, Truth());
        GC.Collect();
        Thread.Sleep(200);
        Console.WriteLine("ready");
        Thread.Sleep(Timeout.Infinite);
    }

    private static string Truth()
    {
        var json = new StringBuilder("{\n");
        string comma = "";
        foreach (FieldInfo field in typeof(Store).GetFields(BindingFlags.Public | BindingFlags.Static))
        {
            if (field.GetValue(null) is not IEnumerable items)
                continue;
            json.Append(comma).Append(' ').Append(Quote(field.Name)).Append(": [");
            string inner = "";
            foreach (object item in Items(items))
            {
                json.Append(inner).Append(Pair(item));
                inner = ", ";
            }
            json.Append(']');
            comma = ",\n";
        }
        return json.Append("\n}\n").ToString();
    }

    // What an enumerator gives, with the values of those that enumerate their keys only.
    private static IEnumerable Items(IEnumerable items)
    {
        if (items is System.Collections.Specialized.NameValueCollection query)
            for (int i = 0; i < query.Count; i++)
                yield return new DictionaryEntry(query.GetKey(i), query.Get(i));
        else if (items is Names names)
            for (int i = 0; i < names.Count; i++)
                yield return new DictionaryEntry(names.NameAt(i), names.At(i));
        else
            foreach (object item in items)
                yield return item;
    }

    private static string Pair(object item)
    {
        if (item is DictionaryEntry entry)
            return $"[{Quote(Word(entry.Key))}, {Quote(Word(entry.Value))}]";
        Type type = item?.GetType();
        if (type is { IsGenericType: true } && type.GetGenericTypeDefinition() == typeof(KeyValuePair<,>))
            return $"[{Quote(Word(type.GetProperty("Key").GetValue(item)))}, {Quote(Word(type.GetProperty("Value").GetValue(item)))}]";
        return Quote(Word(item));
    }

    private static string Word(object item) => item switch
    {
        null => "null",
        string text => text,
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        bool yes => yes ? "true" : "false",
        _ => item.ToString(),
    };

    private static string Quote(string text) => "\"" + text.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\"";
}
