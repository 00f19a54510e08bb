using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Configuration;
using Pipeline.ServiceDefaults.Hosting;
using Pipeline.Stages.Bridge;
using Pipeline.Stages.Bridge.BuiltIn;
using Pipeline.Stages.Bridge.Programs;
using Pipeline.Stages.Core.Runtime;

var builder = WebApplication.CreateSlimBuilder(HostArguments.WithSettingsOf(args));
builder.AddServiceDefaults();
builder.Services.AddOptions<BridgeOptions>().BindSettings(BridgeOptions.Section);
builder.Services.AddSingleton<UserProgram>();
builder.Services.AddHostedService(services => services.GetRequiredService<UserProgram>());
WebApplication? app = null;
string[] batches = [BatchKinds.Events, BatchKinds.WorkItems];
builder.AddStage(new(BridgeOptions.RoleOf(builder.Configuration), batches, batches, Create, OptionsDigest: BridgeOptions.DigestOf(builder.Configuration)));
app = builder.Build();
return await app.MapDefaultEndpoints().MapStage().RunServiceAsync();

IStage Create(StageContext context)
{
    var options = app!.Services.GetRequiredService<IOptions<BridgeOptions>>().Value;
    return options.BuiltIn switch
    {
        BuiltInBridge.Log => new LogBridge(context),
        BuiltInBridge.Policy => new PolicyBridge(context, options.Policy),
        _ => ActivatorUtilities.CreateInstance<BridgeStage>(app.Services, context),
    };
}
