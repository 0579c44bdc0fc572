/// Names of log metadata, so that one fact has one name everywhere.
///
/// Values are ids of ours, counts, and codes; never a value from a Data Set. UIDs at debug level only.
public enum LogKeys {
    /// The random id of an association or request.
    public static let correlationID = "correlation_id"
    /// The random id of a pack.
    public static let packID = "pack_id"
    /// The random id of a record.
    public static let recordID = "record_id"
    /// The derived id of a study key.
    public static let studyKeyID = "study_key_id"
    /// Bytes from the start of the file or Data Set.
    public static let offset = "offset"
    /// A size in bytes.
    public static let byteCount = "byte_count"
    /// How many of something.
    public static let count = "count"
    /// The code of an error.
    public static let errorCode = "error_code"
    /// The text of an error, which holds no patient data.
    public static let error = "error"
    /// The Application Entity Title of the caller.
    public static let callingAETitle = "calling_ae_title"
    /// The Application Entity Title that was called.
    public static let calledAETitle = "called_ae_title"
    /// The network address of the peer.
    public static let peer = "peer"
    /// The limit that was reached.
    public static let limit = "limit"
    /// Why something was ended or refused.
    public static let reason = "reason"
    /// How many lines like this one were left out before it.
    public static let leftOut = "left_out"
    /// How long something took, in milliseconds.
    public static let durationMilliseconds = "duration_ms"
    /// SOP Instance UID; debug level only.
    public static let sopInstanceUID = "sop_instance_uid"
    /// SOP Class UID.
    public static let sopClassUID = "sop_class_uid"
    /// Transfer Syntax UID.
    public static let transferSyntaxUID = "transfer_syntax_uid"
    /// HTTP method.
    public static let httpMethod = "http_method"
    /// HTTP or DIMSE status.
    public static let status = "status"
}
