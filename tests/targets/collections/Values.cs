// One object with a field of each kind of value.
using System;
using System.Collections.Generic;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Lab;

[Flags]
public enum Access : byte { None = 0, Read = 1, Write = 2, Execute = 4, ReadWrite = 3 }

public enum Level : long { Low = -5, Mid = 0, High = 1L << 40 }

public enum Shade { Red, Green = 5 }

public struct Inner
{
    public Point Place;
    public string Label;
    public Shade Shade;
}

[InlineArray(3)]
public struct Three
{
    public short First;
}

public class Base
{
    public int Number = 1;
    private string _hidden = "base";
    public string Hidden => _hidden;

    protected static async Task Wait(Task task)
    {
        int local = 17;
        await task;
        GC.KeepAlive(local);
    }
}

public unsafe class Values : Base
{
    public new int Number = 2;
    public bool Yes = true;
    public char Letter = 'é';
    public char Control = '\n';
    public sbyte Tiny = -7;
    public byte Small = 200;
    public short Short = -300;
    public ushort UShort = 60000;
    public uint UInt = 4000000000;
    public long Long = -5000000000;
    public ulong ULong = ulong.MaxValue;
    public float Float = 1.5f;
    public float Tenth = 0.1f;
    public double Double = 0.1;
    public double NotANumber = double.NaN;
    public double Endless = double.NegativeInfinity;
    public double Large = 1e300;
    public nint Native = -9;
    public nuint UNative = 9;
    public int* Pointer = (int*)0x1234;
    public delegate*<int, int> Function = null;
    public decimal Price = 12.50m;
    public decimal Huge = -79228162514264337593543950335m;
    public decimal Nil = 0.000m;
    public Guid Id = new("6f9619ff-8b86-d011-b42d-00cf4fc964ff");
    public DateTime Utc = new(2024, 2, 29, 13, 14, 15, 678, DateTimeKind.Utc);
    public DateTime Plain = new(1999, 12, 31);
    public DateTime Local = new(638450000001234567, DateTimeKind.Local);
    public DateTimeOffset Offset = new(2020, 1, 2, 3, 4, 5, TimeSpan.FromMinutes(-330));
    public TimeSpan Span = new(1, 2, 3, 4, 5);
    public TimeSpan Minus = TimeSpan.FromSeconds(-90);
    public DateOnly Day = new(2023, 5, 6);
    public TimeOnly Time = new(7, 8, 9, 10);
    public int? Some = 5;
    public int? None = null;
    public DateTime? When = new DateTime(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    public Shade? MaybeShade = Shade.Green;
    public Access Rights = Access.Read | Access.Execute;
    public Access Both = Access.ReadWrite;
    public Access Unknown = (Access)64;
    public Level Deep = Level.Low;
    public Level High = Level.High;
    public Shade Color = Shade.Green;
    public Shade NoColor = (Shade)3;
    public Inner Nested = new() { Place = new() { X = 11, Y = 12 }, Label = "inside", Shade = Shade.Red };
    public Three Triple;
    public KeyValuePair<string, int> Pair = new("left", 1);
    public (int, string) Tuple = (4, "four");
    public Int128 Wide = Int128.MaxValue;
    public UInt128 UWide = 7;
    public Half Half = (Half)0.5;
    public BigInteger Big = BigInteger.Pow(2, 100);
    public Rune Rune = new(0x1F600);
    public Version Version = new(1, 2, 3, 4);
    public Uri Uri = new("http://example.org/a?b=c");
    public Complex Complex = new(1, -2);
    public object Boxed = 42;
    public object BoxedPoint = new Point { X = 5, Y = 6 };
    public object BoxedShade = Shade.Green;
    public object Nothing = null;
    public string Empty = "";
    public string Escapes = "tab\there \"quoted\" back\\slash \u001b[31mred\u202e";
    public string Smile = "smile 😀 ok";
    public string Broken = "half \ud83d pair";
    public string Long2 = new('x', 5000);
    public string Auto { get; set; } = "property";
    public Type Kind = typeof(Dictionary<string, int>);
    public Action Instance;
    public Func<int, int> Static = Twice;
    public Action Many;
    public Func<string> Lambda;
    public WeakReference Alive;
    public WeakReference<object> AliveToo;
    public WeakReference Dead;
    public Exception Failure;
    public Task Done = Task.CompletedTask;
    public Task<int> Result = Task.FromResult(99);
    public Task Failed = Task.FromException(new InvalidOperationException("task failed"));
    public Task Waiting;
    public Thread Thread;
    public CancellationTokenSource Cancel = new();
    public Lazy<string> Lazy = new(() => "later");
    public ArraySegment<int> Part = new(Store.Numbers, 1, 3);
    public Memory<int> Memory = new(Store.Numbers, 2, 2);
    public Values Self;

    private static int Twice(int x) => 2 * x;
    private void Method() { }
    public void Run(string text) { }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Fail(int depth)
    {
        if (depth > 0)
            Fail(depth - 1);
        throw new ArgumentException("inner trouble", "depth");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference MakeDead() => new(new object());

    public void Fill(TaskCompletionSource never)
    {
        Instance = Method;
        Many = Method;
        Many += () => { };
        string kept = "kept";
        Lambda = () => kept;
        Alive = new WeakReference(Store.Ann);
        AliveToo = new WeakReference<object>(Store.Ben);
        Dead = MakeDead();
        Triple[0] = 1;
        Triple[1] = 22;
        Triple[2] = 333;
        try
        {
            try { Fail(2); }
            catch (Exception e) { throw new InvalidOperationException("outer trouble", e); }
        }
        catch (Exception e) { Failure = e; }
        Waiting = Wait(never.Task);
        Thread = new Thread(() => never.Task.Wait()) { Name = "worker", IsBackground = true };
        Thread.Start();
        Self = this;
    }
}
