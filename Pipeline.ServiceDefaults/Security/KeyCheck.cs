using System.Globalization;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Pipeline.ServiceDefaults.Endpoints;

namespace Pipeline.ServiceDefaults.Security;

/// <summary>Refuses every gRPC call, and everything else on the gRPC port, that does not carry the key.</summary>
/// <remarks>
/// It stands before routing and not among the interceptors, because an interceptor of a unary call runs only after the whole
/// message has been read: a caller without the key could make the service buffer messages of the largest size.
/// </remarks>
internal sealed partial class KeyCheck(SharedKey key, BoundEndpoints endpoints, ILogger<KeyCheck> logger) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(InvokeAsync);
        next(app);
    };

    private Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var hasKey = key.Matches(context.Request.Headers.Authorization);
        Count(context, hasKey);
        if (hasKey || !Guards(context))
            return next(context);
        LogRefused(logger, context.Request.Path.Value, context.Connection.RemotePort);
        // A response of trailers only, as gRPC has it: the status stands in the headers.
        context.Response.ContentType = "application/grpc";
        context.Response.Headers["grpc-status"] = ((int)StatusCode.Unauthenticated).ToString(CultureInfo.InvariantCulture);
        context.Response.Headers["grpc-message"] = "The header authorization does not carry this pipeline's key.";
        return Task.CompletedTask;
    }

    /// <summary>From the first request with the key a connection may stay. Until then one of HTTP/1.1 ends with each answer.</summary>
    private static void Count(HttpContext context, bool hasKey)
    {
        if (context.Features.Get<IUnadmittedConnection>() is not { IsAdmitted: false } connection)
            return;
        if (hasKey)
        {
            connection.Admit();
        }
        else if (HttpProtocol.IsHttp11(context.Request.Protocol))
        {
            context.Response.OnStarting(() =>
            {
                if (!connection.IsAdmitted)
                    context.Response.Headers.Connection = "close";
                return Task.CompletedTask;
            });
        }
    }

    private bool Guards(HttpContext context) =>
        context.Connection.LocalPort == endpoints.GrpcPort
        || context.Request.ContentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) == true;

    // Debug, because calls without the key may be many.
    [LoggerMessage(1, LogLevel.Debug, "Refused {Path} from port {Port}: wrong key or none")]
    private static partial void LogRefused(ILogger logger, string? path, int port);
}
