using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Pipeline.ServiceDefaults.Hosting;

/// <summary>Runs a service to its end.</summary>
public static class ServiceRunner
{
    /// <summary>Runs until the service is asked to stop. What keeps it from starting is said on standard error, a line for each error.</summary>
    /// <returns>Exit code: 0 after a stop on demand, 1 where it could not start or broke.</returns>
    public static async Task<int> RunServiceAsync(this IHost host)
    {
        try
        {
            await host.RunAsync();
            return 0;
        }
        catch (Exception exception)
        {
            foreach (var line in Describe(exception))
                await Console.Error.WriteLineAsync("error: " + line);
            return 1;
        }
    }

    /// <summary>What went wrong, for a person.</summary>
    internal static IEnumerable<string> Describe(Exception exception) => exception switch
    {
        AggregateException several => several.InnerExceptions.SelectMany(Describe),
        OptionsValidationException invalid => invalid.Failures,
        // Kestrel names the address and says "address already in use".
        IOException { InnerException: AddressInUseException } inUse =>
            [$"{inUse.Message} PIPELINE_GRPC_PORT and ASPNETCORE_URLS choose other ports."],
        InvalidOperationException or IOException => [exception.Message],
        _ => [exception.ToString()],
    };
}
