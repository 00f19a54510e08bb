using Pipeline.AppHost;

return await PipelineApplication.RunAsync(args, command =>
{
    var builder = DistributedApplication.CreateBuilder(command.ToApplicationOptions());
    var pipeline = builder.AddPipeline(command);

    var broker = pipeline.AddService<Projects.Pipeline_Broker>("broker")
        .WithGrpcEndpoint(pipeline.PortOf("broker"))
        .WithHealthEndpoint()
        .WithIconName("BookContacts");

    var sink = pipeline.AddStage<Projects.Pipeline_Stages_Sink>("sink", broker)
        .WithIconName("SaveArrowRight");
    var aggregate = pipeline.AddStage<Projects.Pipeline_Stages_Aggregate>("aggregate", broker)
        .WithIconName("AutoSum")
        .StreamsTo(sink);
    var rules = pipeline.AddStage<Projects.Pipeline_Stages_Rules>("rules", broker)
        .WithIconName("Filter")
        .StreamsTo(aggregate);
    var parse = pipeline.AddStage<Projects.Pipeline_Stages_Parse>("parse", broker)
        .WithIconName("Braces")
        .StreamsTo(rules);
    var ingest = pipeline.AddStage<Projects.Pipeline_Stages_Ingest>("ingest", broker)
        .WithIconName("DocumentArrowRight")
        .StreamsTo(parse);

    var orchestrator = pipeline.AddService<Projects.Pipeline_Orchestrator>("orchestrator")
        .WithApiEndpoint(pipeline.PortOf("orchestrator"))
        .WithPage<Projects.Pipeline_Cli>(pipeline)
        .WithIconName("Flow")
        .WithConfiguration(builder.Configuration.GetSection("Orchestrator"))
        .WithConfiguration(builder.Configuration.GetSection("Cluster"))
        .WithReference(broker)
        .StreamsTo(ingest)
        .WithRunCommands<Projects.Pipeline_Cli>(pipeline);

    pipeline.AddConfiguredProcesses<Projects.Pipeline_Stages_Bridge>(broker);
    pipeline.AddRun<Projects.Pipeline_Cli>(orchestrator);

    return builder.Build();
});
