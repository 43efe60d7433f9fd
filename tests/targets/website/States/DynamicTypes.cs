// Types made at run time: in a collectible assembly (each object keeps its LoaderAllocator alive), in a plain dynamic one, and a dynamic method.
using System;
using System.Collections;
using System.Collections.Generic;
using System.Reflection;
using System.Reflection.Emit;

namespace Scoodle.States;

public static class DynamicTypes
{
    public static readonly List<object> Instances = new();
    public static IList? OfCollectible;
    public static Func<int, int>? Method;

    public static void Reach()
    {
        Add("Scoodle.Collectible", AssemblyBuilderAccess.RunAndCollect);
        Add("Scoodle.Dynamic", AssemblyBuilderAccess.Run);
        Type collectible = Instances[0].GetType();
        OfCollectible = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(collectible))!;
        foreach (object item in Instances)
            if (item.GetType() == collectible)
                OfCollectible.Add(item);
        Instances.Add(Array.CreateInstance(collectible, 3));

        var method = new DynamicMethod("AddThree", typeof(int), new[] { typeof(int) });
        var il = method.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldc_I4_3);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Ret);
        Method = method.CreateDelegate<Func<int, int>>();
        Method(1);
    }

    static void Add(string assembly, AssemblyBuilderAccess access)
    {
        var module = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName(assembly), access).DefineDynamicModule("main");
        var builder = module.DefineType(assembly + ".Point", TypeAttributes.Public);
        builder.DefineField("Name", typeof(string), FieldAttributes.Public);
        builder.DefineField("X", typeof(int), FieldAttributes.Public);
        builder.DefineField("Shared", typeof(object), FieldAttributes.Public | FieldAttributes.Static);
        Type type = builder.CreateType();
        for (int i = 0; i < 3; i++)
        {
            object point = Activator.CreateInstance(type)!;
            type.GetField("Name")!.SetValue(point, $"{assembly} {i}");
            type.GetField("X")!.SetValue(point, i);
            Instances.Add(point);
        }
        type.GetField("Shared")!.SetValue(null, new Person($"static of {assembly}", 0));
    }
}
