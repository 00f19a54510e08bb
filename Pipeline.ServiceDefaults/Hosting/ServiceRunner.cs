using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Pipeline.ServiceDefaults.Hosting;

/// <summary>Runs a service to its end.</summary>
public static class ServiceRunner
{
    /// <summary>Exit code where the configuration is wrong, as sysexits.h has it (EX_CONFIG): no restart will mend that.</summary>
    public const int Misconfigured = 78;

    private const int Failure = 1;
    private const string OtherPorts = "PIPELINE_GRPC_PORT and ASPNETCORE_URLS choose other ports.";

    /// <summary>
    /// Runs until the service is asked to stop or its AppHost is gone. What keeps it from starting, or breaks it, is said on standard error, a line
    /// for each error.
    /// </summary>
    /// <returns>
    /// Exit code: 0 after a stop on demand, 1 where it could not start or broke, <see cref="Misconfigured"/> where its configuration
    /// is why.
    /// </returns>
    public static Task<int> RunServiceAsync(this IHost host) => RunAsync(host, Console.Error);

    /// <summary>As <see cref="RunServiceAsync"/>; what keeps it from starting, or breaks it, is written to <paramref name="errors"/>.</summary>
    internal static async Task<int> RunAsync(IHost host, TextWriter errors)
    {
        var lifetime = host.Services.GetRequiredService<IHostApplicationLifetime>();
        var failure = new BackgroundFailure(host.Services);
        // An AppHost whose console is closed drains the runs first, and then asks its services to stop.
        using var hangUp = new HangUp(AppHostWatch.Start(lifetime.StopApplication) ? () => { } : lifetime.StopApplication);
        try
        {
            // The host makes its services first, and the first one that reads a wrong setting would tell of that one only.
            host.Services.GetService<IStartupValidator>()?.Validate();
            await host.RunAsync();
            if (await failure.Cause is { } cause)
                ExceptionDispatchInfo.Throw(cause);
            return 0;
        }
        catch (Exception exception)
        {
            // A background service that breaks while the host starts cancels the start, which may end before the cause is known.
            var cause = lifetime.ApplicationStopping.IsCancellationRequested ? await failure.Cause ?? exception : exception;
            foreach (var line in Describe(cause))
                await errors.WriteLineAsync("error: " + line);
            return IsMisconfiguration(cause) ? Misconfigured : Failure;
        }
    }

    private static bool IsMisconfiguration(Exception exception) => exception switch
    {
        AggregateException several => several.InnerExceptions.All(IsMisconfiguration),
        // A value of another kind, such as a word for a number, has no exception type of its own.
        InvalidOperationException { Source: "Microsoft.Extensions.Configuration.Binder" } => true,
        _ => exception is OptionsValidationException,
    };

    /// <summary>What went wrong, for a person.</summary>
    internal static IEnumerable<string> Describe(Exception exception) => exception switch
    {
        AggregateException several => several.InnerExceptions.SelectMany(Describe),
        OptionsValidationException invalid => invalid.Failures,
        // Kestrel names the address and says "address already in use".
        IOException { InnerException: AddressInUseException } inUse =>
            [$"{inUse.Message} {OtherPorts}"],
        // Of a range of ports that Windows excludes, or below 1024 on Unix: Kestrel does not name the address.
        SocketException { SocketErrorCode: SocketError.AccessDenied } => [$"A port is reserved by the system. {OtherPorts}"],
        InvalidOperationException or IOException or InvalidDataException => [exception.Message],
        _ => [exception.ToString()],
    };
}
