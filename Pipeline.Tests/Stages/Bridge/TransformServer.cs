using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Client.Channels;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Bridge;
using Pipeline.Stages.Bridge.Programs;
using Pipeline.Tests.ServiceDefaults;

namespace Pipeline.Tests.Stages.Bridge;

/// <summary>A program that serves Transform; the run id selects its behaviour.</summary>
public sealed class TransformServer : IAsyncLifetime
{
    private readonly Holding _holding = new();

    private ServiceFixture _service = null!;

    internal FakeTimeProvider Time { get; } = new();

    internal string Address => $"{_service.GrpcAddress}";

    public async Task InitializeAsync() => _service = await ServiceFixture.StartAsync(
        builder => builder.Services.AddSingleton(_holding), app => app.MapGrpcService<Program>());

    public async Task DisposeAsync() => await _service.DisposeAsync();

    /// <summary>Lets the answers go that "holds" holds back.</summary>
    internal void Release() => _holding.Released.TrySetResult();

    internal BridgeStage Stage() => Stage(new BridgeOptions { Role = "rules", Address = Address, MaxInFlight = 3 }, out _);

    /// <summary>A stage over a program: with the fake clock for this server, with the system clock for a process.</summary>
    internal BridgeStage Stage(BridgeOptions settings, out UserProgram program, ApplicationLifetime? lifetime = null)
    {
        var options = Options.Create(settings);
        TimeProvider time = settings.Command.Length == 0 ? Time : TimeProvider.System;
        program = new UserProgram(
            options, _service.Get<PipelineChannels>(), time, lifetime ?? new(NullLogger<ApplicationLifetime>.Instance), NullLogger<UserProgram>.Instance);
        return new BridgeStage(Frames.Context(), program, options);
    }

    /// <summary>Until when "holds" holds its answers back.</summary>
    internal sealed class Holding
    {
        public TaskCompletionSource Released { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    internal sealed class Program(Holding holding) : Transform.TransformBase
    {
        public override async Task Apply(
            IAsyncStreamReader<TransformRequest> requestStream, IServerStreamWriter<TransformResponse> responseStream, ServerCallContext context)
        {
            var behaviour = "";
            while (await requestStream.MoveNext())
            {
                var request = requestStream.Current;
                if (request.Open is { } open)
                {
                    behaviour = open.RunId;
                    if (behaviour == "refuses")
                        throw new RpcException(new Status(StatusCode.InvalidArgument, "no such rules"));
                    var opened = new TransformOpened { Reads = { "ts" }, Sets = { "rule" }, WorkItems = behaviour != "events only" };
                    if (behaviour == "reads the line")
                        opened.Reads.Add("line");
                    await responseStream.WriteAsync(new TransformResponse { Number = request.Number, Opened = opened });
                    continue;
                }

                if (behaviour == "ends")
                    return;
                if (behaviour == "throws")
                    throw new InvalidOperationException("a defect");
                if (behaviour == "hangs")
                    await Task.Delay(Timeout.Infinite, context.CancellationToken);
                if (behaviour == "holds")
                    await holding.Released.Task.WaitAsync(context.CancellationToken);
                await responseStream.WriteAsync(Answer(request, behaviour));
                if (behaviour == "answers twice")
                    await responseStream.WriteAsync(Answer(request, behaviour));
            }
        }

        private static TransformResponse Answer(TransformRequest request, string behaviour)
        {
            var response = request.Events is { } events
                ? new TransformResponse { Number = request.Number, Events = events }
                : new TransformResponse { Number = request.Number, WorkItems = request.WorkItems };
            switch (behaviour)
            {
                case "rejects all": response.Events = Rejects([.. Enumerable.Range(1, request.Events.Count).Select(line => (long)line)]); break;
                case "rejects without a line": response.Events = Rejects(0); break;
                case "rejects one line twice": response.Events = Rejects(2, 2); break;
                case "rejects backwards": response.Events = Rejects(3, 1); break;
                case "rejects": response.Events = new EventBatch { Rejects = { new Reject { Line = 2, Reason = "no" } } }; break;
                case "drops": response.Events = new EventBatch(); break;
                case "another number": response.Number++; break;
                case "more events": response.Events = new EventBatch { Count = request.Events.Count + 1 }; break;
                case "a column less": response.Events.Columns.RemoveAt(0); break;
                case "another kind": response.WorkItems = new WorkItemBatch(); break;
                case "no batch": response.ClearResponse(); break;
                case "no UTF-8": response.Events.Columns[0].Texts[0] = ByteString.CopyFrom(0xFF); break;
                case "nonsense": response.Events.Columns[0].Width = 3; break;
                case "items reversed": response.WorkItems = new WorkItemBatch { Items = { request.WorkItems.Items.Reverse() } }; break;
            }

            return response;
        }

        private static EventBatch Rejects(params long[] lines) => new() { Rejects = { lines.Select(line => new Reject { Line = line, Reason = "no" }) } };
    }
}
