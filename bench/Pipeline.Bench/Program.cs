using Pipeline.Bench.Cli;

return await BenchCommand.RunAsync(args);
