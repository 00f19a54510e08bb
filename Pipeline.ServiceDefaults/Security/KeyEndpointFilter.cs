using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Pipeline.ServiceDefaults.Security;

/// <summary>The key for HTTP endpoints.</summary>
public static class KeyEndpointFilter
{
    /// <summary>Answers 401 with a problem detail to requests without the header "authorization: Bearer KEY".</summary>
    public static TBuilder RequireKey<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder =>
        builder.AddEndpointFilter(async (invocation, next) =>
        {
            var context = invocation.HttpContext;
            if (context.RequestServices.GetRequiredService<SharedKey>().Matches(context.Request.Headers.Authorization))
                return await next(invocation);
            return Results.Problem(
                statusCode: StatusCodes.Status401Unauthorized,
                title: "Unauthenticated",
                detail: "The header authorization does not carry this pipeline's key.");
        });
}
