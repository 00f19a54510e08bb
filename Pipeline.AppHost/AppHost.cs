using Pipeline.AppHost;

return await PipelineApplication.RunAsync(args, command =>
{
    var builder = DistributedApplication.CreateBuilder(command.ToApplicationOptions());
    var pipeline = builder.AddPipeline(command);

    var broker = pipeline.AddService<Projects.Pipeline_Broker>("broker")
        .WithGrpcEndpoint(pipeline.PortOf("broker"))
        .WithHttpEndpoint()
        .WithHttpHealthCheck("/health");

    pipeline.AddStage<Projects.Pipeline_Stages_Ingest>("ingest", broker);
    pipeline.AddStage<Projects.Pipeline_Stages_Parse>("parse", broker);
    pipeline.AddStage<Projects.Pipeline_Stages_Rules>("rules", broker);
    pipeline.AddStage<Projects.Pipeline_Stages_Aggregate>("aggregate", broker);
    pipeline.AddStage<Projects.Pipeline_Stages_Sink>("sink", broker);

    var orchestrator = pipeline.AddService<Projects.Pipeline_Orchestrator>("orchestrator")
        .WithHttpEndpoint(pipeline.PortOf("orchestrator"))
        .WithHttpHealthCheck("/health")
        .WithReference(broker)
        .WaitForReady(broker);

    pipeline.AddConfiguredProcesses(broker);

    if (pipeline.NeedsSample)
        pipeline.AddSample<Projects.Pipeline_Orchestrator>("sample");
    if (pipeline.MakesRun)
        pipeline.AddRun(orchestrator);

    return builder.Build();
});
