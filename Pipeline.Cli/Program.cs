using Pipeline.Cli;

return await CommandLine.RunAsync(args);
