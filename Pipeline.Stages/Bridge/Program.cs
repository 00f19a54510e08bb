using Pipeline.Contracts;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Configuration;
using Pipeline.ServiceDefaults.Hosting;
using Pipeline.Stages.Bridge;
using Pipeline.Stages.Bridge.Programs;
using Pipeline.Stages.Core.Runtime;

var builder = WebApplication.CreateSlimBuilder(args);
builder.AddServiceDefaults();
builder.Services.AddOptions<BridgeOptions>().BindConfiguration(BridgeOptions.Section).ValidateRanges(BridgeOptions.Section);
builder.Services.AddSingleton<IUserProgram, UserProgram>();
builder.Services.AddHostedService(services => (UserProgram)services.GetRequiredService<IUserProgram>());
WebApplication? app = null;
string[] batches = [BatchKinds.Events, BatchKinds.WorkItems];
builder.AddStage(new(
    BridgeOptions.RoleOf(builder.Configuration), batches, batches, context => ActivatorUtilities.CreateInstance<BridgeStage>(app!.Services, context),
    OptionsDigest: BridgeOptions.DigestOf(builder.Configuration)));
app = builder.Build();
return await app.MapDefaultEndpoints().MapStage().RunServiceAsync();
