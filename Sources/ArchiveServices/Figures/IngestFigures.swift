import Metrics

/// Counts what arrives, by what became of it.
struct IngestFigures: Sendable {
    private static let objects = "cassette_ingest_objects_total"

    private let stored = Counter(label: objects, dimensions: [("outcome", "stored")])
    private let known = Counter(label: objects, dimensions: [("outcome", "known_already")])
    private let bytes = Counter(label: "cassette_ingest_bytes_total")
    private let admissionRefusals = Counter(label: "cassette_admission_refusals_total")

    func note(_ outcome: IngestOutcome) {
        switch outcome {
        case .stored: stored.increment()
        case .alreadyStored: known.increment()
        case .refused(let refusal):
            Counter(label: Self.objects, dimensions: [("outcome", refusal.reason.word)]).increment()
        }
    }

    /// An object is on stable storage.
    func noteStored(byteCount: UInt64) {
        bytes.increment(by: Int64(clamping: byteCount))
    }

    /// Nothing new is stored now, and somebody wanted to.
    func noteAdmissionRefusal() {
        admissionRefusals.increment()
    }
}

extension IngestRefusal.Reason {
    /// One word for metrics.
    fileprivate var word: String {
        switch self {
        case .denied: "denied"
        case .notReadable: "not_readable"
        case .missingIdentity: "missing_identity"
        case .identityTooLate: "identity_too_late"
        case .mismatch: "mismatch"
        case .differentObjectStored: "different_object_stored"
        case .belongsElsewhere: "belongs_elsewhere"
        case .tooLong: "too_long"
        case .noSpace: "no_space"
        case .storageFailed: "storage_failed"
        case .notSecured: "not_secured"
        case .interrupted: "interrupted"
        }
    }
}
