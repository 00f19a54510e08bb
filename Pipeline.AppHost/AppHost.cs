using Pipeline.AppHost;

return await PipelineApplication.RunAsync(args, command =>
{
    var builder = DistributedApplication.CreateBuilder(command.ToApplicationOptions());
    var pipeline = builder.AddPipeline(command);

    var broker = pipeline.AddService<Projects.Pipeline_Broker>("broker")
        .WithGrpcEndpoint(pipeline.PortOf("broker"))
        .WithHealthEndpoint()
        .WithIconName("BookContacts");

    pipeline.AddStage<Projects.Pipeline_Stages_Ingest>("ingest", broker).WithIconName("DocumentArrowRight");
    pipeline.AddStage<Projects.Pipeline_Stages_Parse>("parse", broker).WithIconName("Braces");
    pipeline.AddStage<Projects.Pipeline_Stages_Rules>("rules", broker).WithIconName("Filter");
    pipeline.AddStage<Projects.Pipeline_Stages_Aggregate>("aggregate", broker).WithIconName("AutoSum");
    pipeline.AddStage<Projects.Pipeline_Stages_Sink>("sink", broker).WithIconName("SaveArrowRight");
    pipeline.AddConfiguredProcesses<Projects.Pipeline_Stages_Bridge>(broker);

    var orchestrator = pipeline.AddService<Projects.Pipeline_Orchestrator>("orchestrator")
        .WithApiEndpoint(pipeline.PortOf("orchestrator"))
        .WithPage<Projects.Pipeline_Cli>(pipeline)
        .WithIconName("Flow")
        .WithConfiguration(builder.Configuration.GetSection("Orchestrator"))
        .WithConfiguration(builder.Configuration.GetSection("Cluster"))
        .WithReference(broker)
        .StreamsThrough(pipeline)
        .WithRunCommands<Projects.Pipeline_Cli>(pipeline);

    pipeline.AddRun<Projects.Pipeline_Cli>(orchestrator);

    return builder.Build();
});
