using Pipeline.Broker;
using Pipeline.ServiceDefaults.Hosting;

return await WebApplication.CreateBuilder(HostArguments.WithSettingsOf(args)).AddBroker().Build().MapBroker().RunServiceAsync();
