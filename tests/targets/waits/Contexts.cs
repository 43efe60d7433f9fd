// Assembly load contexts: a plain and a collectible one, each with a copy of this program's assembly; dynamic assemblies of both kinds.
using System;
using System.Collections.Generic;
using System.IO;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.Loader;

namespace Waits;

static class Contexts
{
    public static readonly List<object> Kept = new();

    public static void Reach()
    {
        string file = Path.Combine(AppContext.BaseDirectory, "Waits.dll");
        foreach (bool collectible in new[] { false, true })
        {
            var context = new AssemblyLoadContext(collectible ? "plugin-collectible" : "plugin", collectible);
            Assembly copy = context.LoadFromAssemblyPath(file);
            Kept.Add(Activator.CreateInstance(copy.GetType("Waits.Account")!, 100)!);
            Kept.Add(context);
            AssemblyBuilder built = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName(collectible ? "BuiltCollectible" : "Built"),
                collectible ? AssemblyBuilderAccess.RunAndCollect : AssemblyBuilderAccess.Run);
            TypeBuilder type = built.DefineDynamicModule("main").DefineType("Made", TypeAttributes.Public);
            Kept.Add(Activator.CreateInstance(type.CreateType()!)!);
        }
    }
}
