using Pipeline.Orchestrator.Cli;

return await CommandLine.RunAsync(args);
