using System.Net;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Pipeline.Tests.EndToEnd.Telemetry;

/// <summary>Takes the spans and log records of all processes, as the dashboard would.</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Exports _exports;

    private Collector(WebApplication app, Exports exports) => (_app, _exports) = (app, exports);

    public string Address => _app.Urls.Single();

    public static async Task<Collector> StartAsync()
    {
        var exports = new Exports();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(exports);
        var app = builder.Build();
        app.MapGrpcService<Traces>();
        app.MapGrpcService<Logs>();
        await app.StartAsync();
        return new Collector(app, exports);
    }

    /// <summary>Waits until what has come so far is as wanted.</summary>
    public Task<(IReadOnlyList<Span> Spans, IReadOnlyList<LogRecord> Logs)> UntilAsync(
        Func<IReadOnlyList<Span>, IReadOnlyList<LogRecord>, bool> condition, TimeSpan patience) => _exports.UntilAsync(condition, patience);

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private sealed class Exports
    {
        private readonly Lock _lock = new();
        private readonly List<Span> _spans = [];
        private readonly List<LogRecord> _logs = [];
        private TaskCompletionSource _next = NewSignal();

        public void Add(IEnumerable<Span> spans, IEnumerable<LogRecord> logs)
        {
            TaskCompletionSource signal;
            lock (_lock)
            {
                _spans.AddRange(spans);
                _logs.AddRange(logs);
                (signal, _next) = (_next, NewSignal());
            }

            signal.SetResult();
        }

        public async Task<(IReadOnlyList<Span> Spans, IReadOnlyList<LogRecord> Logs)> UntilAsync(
            Func<IReadOnlyList<Span>, IReadOnlyList<LogRecord>, bool> condition, TimeSpan patience)
        {
            using var timeout = new CancellationTokenSource(patience);
            while (true)
            {
                Task next;
                lock (_lock)
                {
                    if (condition(_spans, _logs))
                        return ([.. _spans], [.. _logs]);
                    next = _next.Task;
                }

                await next.WaitAsync(timeout.Token);
            }
        }

        private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Traces(Exports exports) : TraceService.TraceServiceBase
    {
        public override Task<ExportTraceServiceResponse> Export(ExportTraceServiceRequest request, ServerCallContext context)
        {
            exports.Add(request.ResourceSpans.SelectMany(resource => resource.ScopeSpans).SelectMany(scope => scope.Spans), []);
            return Task.FromResult(new ExportTraceServiceResponse());
        }
    }

    private sealed class Logs(Exports exports) : LogsService.LogsServiceBase
    {
        public override Task<ExportLogsServiceResponse> Export(ExportLogsServiceRequest request, ServerCallContext context)
        {
            exports.Add([], request.ResourceLogs.SelectMany(resource => resource.ScopeLogs).SelectMany(scope => scope.LogRecords));
            return Task.FromResult(new ExportLogsServiceResponse());
        }
    }
}
