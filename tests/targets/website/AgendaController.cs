// The founding story: a request computes the schedule's overview and holds a LINQ iterator over all materials on its stack.
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using Scoodle.Business.Queries;

namespace Scoodle;

public sealed class AgendaController
{
    public static readonly ManualResetEventSlim Release = new(false);
    readonly Dictionary<int, string> perWeek = new();

    /// <summary>Does not return while Release is not set: the dump finds it here, in the middle of an iteration.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public int AgendaOverzicht(int week)
    {
        var materials = Enumerable.Range(0, 3000).Select(Materials.Make).ToArray();
        IEnumerable<IMateriaalDto> query = materials.Where(m => m.Id % 2 == week % 2).SelectMany(m => Expand(m, week));
        int count = 0;
        foreach (var item in query)
        {
            perWeek[item.Id] = item.Naam;
            if (++count == 500)
                Release.Wait();
        }
        return count;
    }

    static IEnumerable<IMateriaalDto> Expand(IMateriaalDto item, int week)
    {
        yield return item;
        if (item is OwnMaterialDto own && own.Id % 10 == week % 10)
            yield return Materials.Make(own.Id + 1);
    }
}
