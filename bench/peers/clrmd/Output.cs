// JSON answers, addresses as hex text, and checksums that do not depend on order.
using System;
using System.Diagnostics;
using System.IO;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Diagnostics.Runtime;

namespace Peer;

public sealed class Output(string? file)
{
    static readonly JsonSerializerOptions Format = new() { WriteIndented = true, IndentSize = 1, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public void Write(object answer)
    {
        string text = JsonSerializer.Serialize(answer, Format) + "\n";
        if (file == null)
            Console.Write(text);
        else
            File.WriteAllText(file, text);
    }

    /// <summary>Replaces FILE by FILE.zst. The program of that name does it: .NET 10 has no such compressor.</summary>
    public static void Compress(string path)
    {
        using var zstd = Process.Start("zstd", new[] { "-q", "-19", "--long=27", "--rm", "-f", path });
        zstd.WaitForExit();
        if (zstd.ExitCode != 0)
            throw new IOException($"zstd could not compress {path}");
    }
}

public static class Text
{
    public static string Hex(ulong value) => "0x" + value.ToString("x");

    public static string[] Range(MemoryRange range) => new[] { Hex(range.Start), Hex(range.End) };
}

/// <summary>A sum modulo 2^64 of mixed values: equal for equal multisets.</summary>
public static class Checksum
{
    /// <summary>One step of splitmix64 and its finaliser.</summary>
    public static ulong Mix(ulong z)
    {
        unchecked
        {
            z += 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }

    public static ulong Mix2(ulong a, ulong b) => Mix(unchecked(Mix(a) + b));
}
