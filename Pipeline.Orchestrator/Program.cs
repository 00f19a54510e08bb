using Pipeline.Orchestrator.Service;
using Pipeline.ServiceDefaults.Hosting;

return await OrchestratorService.Build(args).RunServiceAsync();
