using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Pipeline.Stages.Core.Runtime;

/// <summary>Makes a web application a stage.</summary>
public static class StageHosting
{
    /// <summary>Serves a stage: gRPC service, registration with the broker.</summary>
    /// <param name="builder">The application's builder.</param>
    /// <param name="definition">What it serves.</param>
    public static TBuilder AddStage<TBuilder>(this TBuilder builder, StageDefinition definition)
        where TBuilder : IHostApplicationBuilder
    {
        builder.Services.AddSingleton(definition);
        builder.Services.AddSingleton<StageRoots>();
        builder.Services.AddSingleton<StageHost>();
        builder.Services.AddOptions<StageOptions>().BindConfiguration(StageOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return builder;
    }

    /// <summary>Maps the stage's gRPC service.</summary>
    public static IEndpointRouteBuilder MapStage(this IEndpointRouteBuilder app)
    {
        app.MapGrpcService<StageService>();
        return app;
    }
}
