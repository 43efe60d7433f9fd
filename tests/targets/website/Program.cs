// A small site that reaches, in one process, the states a memory dump of a site can show. See States/.
//   GET /  /leak/N  /gc  /churn  /login/NAME  /agenda?week=N  /slow/ID   POST /form
// LEAK_N in the environment: materials leaked at start (default 2010). The line "ready" on stdout says that all states are reached.
using System;
using System.Linq;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Scoodle.States;

namespace Scoodle;

public static class Program
{
    /// <summary>Never completes: whatever awaits it stays suspended.</summary>
    public static readonly TaskCompletionSource Never = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static async Task Main()
    {
        // the smallest host that has what the site needs: every assembly more makes the recorded dumps bigger
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls(Environment.GetEnvironmentVariable("SITE_URL") ?? "http://127.0.0.1:5080");
        builder.Services.AddRouting();
        builder.Services.AddDistributedMemoryCache();
        builder.Services.AddSession(options => options.Cookie.Name = "scoodle");
        PlainProtection.ReplaceIn(builder.Services);
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

    static int RouteNumber(HttpContext context, string name) => int.Parse((string)context.Request.RouteValues[name]!);

    static void MapEndpoints(IEndpointRouteBuilder app)
    {
        app.MapGet("/", context => context.Response.WriteAsync($"{Store.Materials.Count} materials, {GC.GetTotalMemory(false)} bytes\n"));
        app.MapGet("/leak/{count:int}", context =>
        {
            Store.Leak(RouteNumber(context, "count"));
            return context.Response.WriteAsync($"{Store.Materials.Count} materials\n");
        });
        app.MapGet("/churn", context =>
        {
            Store.Churn();
            return context.Response.WriteAsync("churned\n");
        });
        app.MapGet("/gc", context =>
        {
            // not WaitForPendingFinalizers: the finalizer thread is blocked on purpose
            GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
            return context.Response.WriteAsync($"{GC.CollectionCount(2)} full collections\n");
        });
        app.MapGet("/login/{name}", context =>
        {
            string name = (string)context.Request.RouteValues["name"]!;
            context.Session.SetString("user", name);
            context.Session.SetInt32("week", 47);
            return context.Response.WriteAsync($"welcome {name}\n");
        });
        app.MapGet("/agenda", context =>
        {
            int count = new AgendaController().AgendaOverzicht(int.Parse(context.Request.Query["week"]!));
            return context.Response.WriteAsync($"{count} items\n");
        });
        app.MapGet("/slow/{id:int}", async context =>
        {
            int id = RouteNumber(context, "id");
            string user = context.Session.GetString("user") ?? "nobody";
            await Never.Task;
            await context.Response.WriteAsync($"{user} {id}\n");
        });
        app.MapPost("/form", async context =>
        {
            var form = await context.Request.ReadFormAsync();
            await Never.Task;
            await context.Response.WriteAsync($"{form.Count} fields\n");
        });
    }
}

/// <summary>Stands for the data protection of session cookies, which would bring XML, key files and a crypto library into the process.</summary>
sealed class PlainProtection : IDataProtectionProvider, IDataProtector
{
    public IDataProtector CreateProtector(string purpose) => this;
    public byte[] Protect(byte[] plaintext) => plaintext;
    public byte[] Unprotect(byte[] protectedData) => protectedData;

    public static void ReplaceIn(IServiceCollection services)
    {
        bool IsReal(ServiceDescriptor s) =>
            (s.ServiceType.FullName + s.ImplementationType?.FullName).Contains("Microsoft.AspNetCore.DataProtection");
        foreach (var service in services.Where(IsReal).ToList())
            services.Remove(service);
        services.AddSingleton<IDataProtectionProvider, PlainProtection>();
    }
}
