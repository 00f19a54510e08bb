namespace Pipeline.AppHost.Supervision;

/// <summary>Asks processes at their own addresses, past Aspire's proxy, which picks a replica and takes connections for one that is gone.</summary>
internal sealed class ReplicaClient : HttpClient
{
    public ReplicaClient()
        : base(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) => Timeout = System.Threading.Timeout.InfiniteTimeSpan;
}
