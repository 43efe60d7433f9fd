// Hidden ids. A field called __uid is the id of the object that has it; a field called __uid_X is the id of the object that field X
// beside it refers to. Whoever stores a new object stores a new id; nothing else in the heap depends on an id.
using System.Threading;

namespace Depot;

public static class Uid
{
    static long last;

    public static long Next() => Interlocked.Increment(ref last);
}
