// The answers of tests/fixtures/linux/NAME.truth: one question, one file.
using System;
using System.Collections.Generic;
using System.IO;

namespace Peer;

public static class Truth
{
    const long PlainLimit = 29_000; // a bigger answer is kept compressed

    public static readonly Dictionary<string, Func<Dump, object>> Questions = new()
    {
        ["info"] = RuntimeQuestions.Info,
        ["segments"] = HeapQuestions.Segments,
        ["contexts"] = HeapQuestions.Contexts,
        ["stat"] = HeapQuestions.Stat,
        ["edges"] = dump => HeapQuestions.Edges(dump, withLoaderAllocators: false),
        ["edgesobj"] = dump => HeapQuestions.Edges(dump, withLoaderAllocators: true),
        ["roots"] = RootQuestions.Roots,
        ["handles"] = RootQuestions.Handles,
        ["finalizer"] = RootQuestions.Finalizer,
        ["unreachable"] = RetainedQuestion.Unreachable,
        ["strings"] = ObjectQuestions.Strings,
        ["types"] = ObjectQuestions.Types,
        ["objects"] = ObjectQuestions.Objects,
        ["statics"] = ObjectQuestions.Statics,
        ["threads"] = RuntimeQuestions.Threads,
        ["stacks"] = RuntimeQuestions.Stacks,
        ["exceptions"] = RuntimeQuestions.Exceptions,
        ["syncblocks"] = RuntimeQuestions.SyncBlocks,
        ["threadpool"] = RuntimeQuestions.ThreadPool,
        ["tasks"] = RuntimeQuestions.Tasks,
        ["modules"] = RuntimeQuestions.Modules,
    };

    public static void WriteAll(Dump dump, string directory, int exactTypes)
    {
        Directory.CreateDirectory(directory);
        foreach (var (name, question) in Questions)
            WriteOne(dump, directory, name, question(dump));
        string all = Path.Combine(directory, "retained-all.tsv");
        WriteOne(dump, directory, "retained", RetainedQuestion.Full(dump, all, exactTypes));
        Output.Compress(all);
    }

    /// <summary>What a pair of dumps of tests/targets/identity is judged by: hidden ids, and stat.</summary>
    public static void WriteIdentity(Dump dump, string directory)
    {
        Directory.CreateDirectory(directory);
        string ids = Path.Combine(directory, "uids.tsv");
        var summary = new IdentityQuestion(dump).Write(ids);
        Output.Compress(ids);
        WriteOne(dump, directory, "uids", summary);
        WriteOne(dump, directory, "stat", HeapQuestions.Stat(dump));
    }

    static void WriteOne(Dump dump, string directory, string name, object answer)
    {
        string path = Path.Combine(directory, name + ".json");
        new Output(path).Write(answer);
        if (new FileInfo(path).Length > PlainLimit)
            Output.Compress(path);
        dump.Clock.Phase(name);
    }
}
