using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Grpc.Net.Client")]
[assembly: InternalsVisibleTo("Grpc.Net.ClientFactory")]
