using System.Globalization;
using Pipeline.Contracts.Broker.V1;

namespace Pipeline.Broker.Registry;

/// <summary>Where the next page of a list begins: after this instance. Of text, so that it needs no memory here and outlives changes of the registry.</summary>
/// <param name="Departed">Whether it is among the departed, which come after the live ones.</param>
/// <param name="InstanceId">Its id.</param>
/// <param name="Revision">Revision of its registration: an id may have departed several times.</param>
internal sealed record PageToken(bool Departed, string InstanceId, long Revision) : IComparable<PageToken>
{
    /// <summary>The place of an instance in the list.</summary>
    public static PageToken Of(Instance instance) =>
        new(instance.State is not (InstanceState.Live or InstanceState.Draining), instance.InstanceId, instance.RegisteredRevision);

    /// <summary>Reads a token; false where it is none.</summary>
    public static bool TryParse(string text, out PageToken? token)
    {
        token = null;
        if (text.Length == 0)
            return true;
        var parts = text.Split(':');
        if (parts is not ["l" or "d", _, _] || !long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var revision))
            return false;
        token = new PageToken(parts[0] == "d", parts[1], revision);
        return true;
    }

    public int CompareTo(PageToken? other) => other is null ? 1
        : Departed != other.Departed ? Departed.CompareTo(other.Departed)
        : string.CompareOrdinal(InstanceId, other.InstanceId) is not 0 and var order ? order
        : Revision.CompareTo(other.Revision);

    public override string ToString() => $"{(Departed ? 'd' : 'l')}:{InstanceId}:{Revision.ToString(CultureInfo.InvariantCulture)}";
}
