var builder = DistributedApplication.CreateBuilder(args);

var broker = builder.AddProject<Projects.Pipeline_Broker>("broker")
    .WithEndpoint(port: 5070, scheme: "http", name: "grpc", env: "PIPELINE_GRPC_PORT");

builder.AddProject<Projects.Pipeline_Stages_Ingest>("ingest").WithReference(broker);

builder.Build().Run();
