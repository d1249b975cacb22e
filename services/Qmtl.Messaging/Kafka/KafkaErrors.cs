using Confluent.Kafka;
using Qmtl.Storage;

namespace Qmtl.Messaging.Kafka;

/// <summary>What the broker's client reports, in the words that readers and writers of any log know.</summary>
internal static class KafkaErrors
{
    public static StorageException Translate(KafkaException error) => Translate(error.Error, error);

    public static StorageException Translate(Error error, Exception? inner = null) => new(FailureOf(error), $"Kafka: {error.Reason} ({error.Code})", inner);

    /// <summary>Whether the group has moved on without this member.</summary>
    public static bool MeansLost(ErrorCode code) => code is ErrorCode.IllegalGeneration or ErrorCode.UnknownMemberId or ErrorCode.FencedInstanceId or ErrorCode.Local_UnknownPartition;

    // An append whose acknowledgement did not come in time may stand or not; everything else about the network is "not there just now".
    private static StorageFailure FailureOf(Error error) => error.Code switch
    {
        ErrorCode.Local_MsgTimedOut => StorageFailure.OutcomeUnknown,
        ErrorCode.TopicAuthorizationFailed or ErrorCode.GroupAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed or ErrorCode.MsgSizeTooLarge or ErrorCode.InvalidConfig => StorageFailure.Other,
        _ => StorageFailure.Unavailable,
    };
}
