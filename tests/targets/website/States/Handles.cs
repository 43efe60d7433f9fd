// GC handles of every kind a program can make: strong, pinned, weak (short, long), dependent (also without a dependent), ref-counted.
using System;
using System.Collections;
using System.Collections.Generic;
using System.Runtime;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Scoodle.States;

/// <summary>Wraps an object for native code: the wrapper holds it by a ref-counted handle.</summary>
public sealed unsafe class Wrappers : ComWrappers
{
    protected override ComInterfaceEntry* ComputeVtables(object obj, CreateComInterfaceFlags flags, out int count)
    {
        count = 0;
        return null;
    }

    protected override object? CreateObject(IntPtr externalComObject, CreateObjectFlags flags) => null;

    protected override void ReleaseObjects(IEnumerable objects) { }
}

public sealed class HeldByNative { public string Name = "kept by a native reference"; }

public static class Handles
{
    public static readonly List<GCHandle> Strong = new();
    public static readonly List<GCHandle> Pinned = new();
    public static readonly List<GCHandle> Weak = new();
    public static readonly List<WeakReference> References = new();
    public static readonly List<WeakReference<object>> TypedReferences = new();
    public static readonly ConditionalWeakTable<object, object> Attached = new();
    public static readonly List<object> AttachedKeys = new();
    public static readonly List<DependentHandle> Dependent = new();
    public static readonly Wrappers Com = new();
    public static readonly List<IntPtr> ComPointers = new();

    public static void Reach()
    {
        for (int i = 0; i < 50; i++)
        {
            Strong.Add(GCHandle.Alloc(new Person($"strong {i}", i)));
            Pinned.Add(GCHandle.Alloc(new byte[40 + i], GCHandleType.Pinned));
            object target = i % 2 == 0 ? Store.Waiting : new Person($"weakly held {i}", i);
            Weak.Add(GCHandle.Alloc(target, i % 4 < 2 ? GCHandleType.Weak : GCHandleType.WeakTrackResurrection));
            References.Add(new WeakReference(target, trackResurrection: i % 3 == 0));
            TypedReferences.Add(new WeakReference<object>(target));
            var key = new object();
            AttachedKeys.Add(key);
            Attached.Add(key, new Person($"attached {i}", i));
            Dependent.Add(new DependentHandle(key, i % 5 == 0 ? null : new int[i]));
        }
        Strong.Add(GCHandle.Alloc(null));
        Attached.Add(new object(), "the key is garbage");
        for (int i = 0; i < 3; i++)
            ComPointers.Add(Com.GetOrCreateComInterfaceForObject(new HeldByNative(), CreateComInterfaceFlags.None));
    }
}
