// An opened dump with its runtime and heap, and the clock that every phase reports to.
using System;
using System.Diagnostics;
using System.IO;
using Microsoft.Diagnostics.Runtime;

namespace Peer;

public sealed class Clock
{
    readonly Stopwatch watch = Stopwatch.StartNew();
    double last;

    public void Phase(string name)
    {
        double now = watch.Elapsed.TotalSeconds;
        Console.Error.WriteLine($"{name,-36} {now - last,9:F3} s");
        last = now;
    }

    public double Seconds => watch.Elapsed.TotalSeconds;

    public void Report(string command)
    {
        using var self = Process.GetCurrentProcess();
        Console.Error.WriteLine($"{command + ", whole",-36} {Seconds,9:F3} s wall {self.TotalProcessorTime.TotalSeconds,9:F3} s cpu {self.PeakWorkingSet64 >> 20,7} MB peak");
    }
}

public sealed class Dump : IDisposable
{
    public required DataTarget Target { get; init; }
    public required ClrInfo Info { get; init; }
    public required ClrRuntime Runtime { get; init; }
    public required Clock Clock { get; init; }
    public ClrHeap Heap => Runtime.Heap;

    public static Dump Open(string path, string? dac, bool lockFree)
    {
        var clock = new Clock();
        var target = DataTarget.LoadDump(path, new DataTargetOptions { UseLockFreeMemoryMapReader = lockFree, SymbolPaths = Array.Empty<string>() });
        clock.Phase("open dump");
        if (target.ClrVersions.Length == 0)
            throw new InvalidDataException($"{path}: no .NET runtime in this dump");
        var info = target.ClrVersions[0];
        var runtime = dac == null ? info.CreateRuntime() : info.CreateRuntime(dac, ignoreMismatch: true);
        _ = runtime.Heap.Segments.Length;
        clock.Phase("create runtime");
        return new Dump { Target = target, Info = info, Runtime = runtime, Clock = clock };
    }

    public byte[]? Read(ulong address, int length)
    {
        var bytes = new byte[length];
        return Target.DataReader.Read(address, bytes) == length ? bytes : null;
    }

    public void Dispose()
    {
        Runtime.Dispose();
        Target.Dispose();
    }
}
