// Pinned arrays with free blocks in front of them: what was allocated between them is gone.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Waits;

static class Pins
{
    public static readonly List<GCHandle> Handles = new();

    public static void Reach()
    {
        Fill();
        GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: false);
    }

    static void Fill()
    {
        var between = new List<byte[]>();
        for (int i = 0; i < 20; i++)
        {
            for (int k = 0; k < 10; k++)
                between.Add(new byte[4000]);
            Handles.Add(GCHandle.Alloc(new byte[1000 + i], GCHandleType.Pinned));
        }
        GC.KeepAlive(between);
    }
}
