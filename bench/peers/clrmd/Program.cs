// What ClrMD says about a .NET dump: a peer to measure, and the writer of the answers in tests/fixtures.
//   clrmd DUMP walk | stat | edges | gcroot ADDR | retained | truth DIR | identity DIR | QUESTION   [options], see Usage.
// The answer goes to stdout (or --out FILE) as JSON, the seconds of each phase to stderr.
using System;
using System.Collections.Generic;
using System.Globalization;

namespace Peer;

public static class Program
{
    const string Usage = """
        clrmd DUMP COMMAND [options]
          walk            every object and its size (--threads N: by segments, in parallel)
          stat            objects and bytes of each type, checksum
          edges           every reference, counted by source type, checksum
          gcroot ADDR     one path from each root to the object
          retained        graph, dominators, retained bytes of every object; the top 20
          truth DIR       all answers, a file each, as tests/fixtures/README.md describes them
          identity DIR    the hidden ids of tests/targets/identity, and stat
          QUESTION        one of those answers: info, segments, contexts, roots, handles, ...
        options
          --dac FILE      libmscordaccore.so of the dump's runtime (default: let ClrMD look for it)
          --lock-free     ClrMD's memory-mapped reader without locks
          --threads N     for walk (default 1)
          --out FILE      answer to a file
          --exact N       types whose retained set is computed exactly, in truth's retained (default 30)
        """;

    public static int Main(string[] args)
    {
        var options = new Dictionary<string, string>();
        var words = new List<string>();
        for (int i = 0; i < args.Length; i++)
        {
            if (args[i] == "--lock-free")
                options[args[i]] = "";
            else if (args[i].StartsWith("--") && i + 1 < args.Length)
                options[args[i]] = args[++i];
            else
                words.Add(args[i]);
        }
        if (words.Count == 2 && words[0] == "selftest")
            return DominatorCheck.Run(int.Parse(words[1]));
        if (words.Count < 2)
        {
            Console.Error.WriteLine(Usage);
            return 64;
        }
        using var dump = Dump.Open(words[0], options.GetValueOrDefault("--dac"), options.ContainsKey("--lock-free"));
        var output = new Output(options.GetValueOrDefault("--out"));
        int code = Run(dump, words, options, output);
        dump.Clock.Report(words[1]);
        return code;
    }

    static int Run(Dump dump, List<string> words, Dictionary<string, string> options, Output output)
    {
        int exact = int.Parse(options.GetValueOrDefault("--exact", "30"));
        switch (words[1])
        {
        case "walk":
            output.Write(HeapQuestions.Walk(dump, int.Parse(options.GetValueOrDefault("--threads", "1"))));
            return 0;
        case "gcroot" when words.Count > 2:
            output.Write(RootQuestions.GcRoot(dump, ParseAddress(words[2])));
            return 0;
        case "retained":
            output.Write(RetainedQuestion.Top(dump, 20));
            return 0;
        case "truth" when words.Count > 2:
            Truth.WriteAll(dump, words[2], exact);
            return 0;
        case "identity" when words.Count > 2:
            Truth.WriteIdentity(dump, words[2]);
            return 0;
        }
        if (Truth.Questions.TryGetValue(words[1], out var question))
        {
            output.Write(question(dump));
            dump.Clock.Phase(words[1]);
            return 0;
        }
        Console.Error.WriteLine(Usage);
        return 64;
    }

    static ulong ParseAddress(string text) =>
        ulong.Parse(text.StartsWith("0x") ? text[2..] : text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
