using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Hosting;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults(endpoints => endpoints.GrpcPort = 5070);
var app = builder.Build();
app.MapDefaultEndpoints();
return await app.RunServiceAsync();
