// A small site that reaches, in one process, the states a memory dump of a site can show. See States/.
//   GET /  /leak/N  /gc  /churn  /login/NAME  /agenda?week=N  /slow/ID   POST /form
// LEAK_N in the environment: materials leaked at start (default 2010). The line "ready" on stdout says that all states are reached.
using System;
using System.IO;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Scoodle.States;

namespace Scoodle;

public static class Program
{
    /// <summary>Never completes: whatever awaits it stays suspended.</summary>
    public static readonly TaskCompletionSource Never = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static async Task Main(string[] args)
    {
        var builder = WebApplication.CreateSlimBuilder(args);
        builder.WebHost.UseUrls(Environment.GetEnvironmentVariable("SITE_URL") ?? "http://127.0.0.1:5080");
        builder.Logging.ClearProviders();
        // beside the program: the site writes to no other folder
        builder.Services.AddDataProtection().PersistKeysToFileSystem(new DirectoryInfo(Path.Combine(AppContext.BaseDirectory, "keys")));
        builder.Services.AddDistributedMemoryCache();
        builder.Services.AddSession(options => options.Cookie.Name = "scoodle");
        var app = builder.Build();
        app.UseSession();
        MapEndpoints(app);

        Store.Leak(int.Parse(Environment.GetEnvironmentVariable("LEAK_N") ?? "2010"));
        ReachStates();
        await app.StartAsync();
        Console.WriteLine("ready");
        await ((IHost)app).WaitForShutdownAsync();
    }

    static void ReachStates()
    {
        Store.Fill();
        Layouts.Reach();
        Events.Reach();
        Handles.Reach();
        DynamicTypes.Reach();
        Failures.Reach();
        AsyncWaits.Reach();
        LargeObjects.Reach();
        Threads.Reach();
        Finalization.Reach();
    }

    static void MapEndpoints(WebApplication app)
    {
        app.MapGet("/", () => $"{Store.Materials.Count} materials, {GC.GetTotalMemory(false)} bytes\n");
        app.MapGet("/leak/{count:int}", (int count) =>
        {
            Store.Leak(count);
            return $"{Store.Materials.Count} materials\n";
        });
        app.MapGet("/churn", () =>
        {
            Store.Churn();
            return "churned\n";
        });
        app.MapGet("/gc", () =>
        {
            // not WaitForPendingFinalizers: the finalizer thread is blocked on purpose
            GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
            return $"{GC.CollectionCount(2)} full collections\n";
        });
        app.MapGet("/login/{name}", (string name, HttpContext context) =>
        {
            context.Session.SetString("user", name);
            context.Session.SetInt32("week", 47);
            return $"welcome {name}\n";
        });
        app.MapGet("/agenda", (int week) => new AgendaController().AgendaOverzicht(week));
        app.MapGet("/slow/{id:int}", async (int id, HttpContext context) =>
        {
            string user = context.Session.GetString("user") ?? "nobody";
            await Never.Task;
            return user + id;
        });
        app.MapPost("/form", async (HttpContext context) =>
        {
            var form = await context.Request.ReadFormAsync();
            await Never.Task;
            return form.Count;
        });
    }
}
