using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace Pipeline.Tests.ServiceDefaults.Telemetry;

/// <summary>Collects the measurements of one meter factory, as an exporter would.</summary>
internal sealed class MeterReader : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, double> _values = [];

    public MeterReader()
    {
        Meters = _services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == Meters)
            {
                Units[instrument.Name] = instrument.Unit;
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => _values[instrument.Name] = value);
        _listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => _values[instrument.Name] = value);
        _listener.SetMeasurementEventCallback<int>(
            (instrument, value, _, _) => _values[instrument.Name] = _values.GetValueOrDefault(instrument.Name) + value);
        _listener.Start();
    }

    /// <summary>For what is under test.</summary>
    public IMeterFactory Meters { get; }

    /// <summary>Units by instrument.</summary>
    public Dictionary<string, string?> Units { get; } = [];

    /// <summary>Collects, and answers the latest value of each instrument; counters of integers are summed.</summary>
    public IReadOnlyDictionary<string, double> Collect()
    {
        _listener.RecordObservableInstruments();
        return new Dictionary<string, double>(_values);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _services.Dispose();
    }
}
