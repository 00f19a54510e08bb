using Pipeline.Broker;
using Pipeline.ServiceDefaults.Hosting;

return await WebApplication.CreateBuilder(args).AddBroker().Build().MapBroker().RunServiceAsync();
