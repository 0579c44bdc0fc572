public import DICOMCore

/// What is stored where: a projection of the packs that answers queries.
///
/// One implementation per database; all pass the same contract tests. The sealed packs are the truth: a catalog may be
/// thrown away and made again from them, with the same rows.
public protocol Catalog: RemovalCatalog {
    /// Adds records in one transaction, each once; a cancelled caller does not stop it.
    ///
    /// A record whose SOP Instance UID is known already changes nothing; its outcome tells what is there. Attributes of
    /// patient, study and series come from their defining instance (``DefiningInstance``), whatever the order of
    /// insertion; so a rebuild gives the same rows. A study's row holds the patient attributes of the study's own
    /// defining instance, the patient's row those of the patient's.
    ///
    /// A study belongs to one patient (``PatientIdentity``): a record of the same study under a contradicting identity
    /// changes nothing (``InsertOutcome/conflict``); one with a fuller identity moves the study to it.
    ///
    /// - Returns: One outcome per record, in their order.
    func insert(_ records: [InstanceRecord]) async throws(CatalogError) -> [InsertOutcome]

    /// Answers a query, in a stable order: newest study first, then by number and UID; patients by Patient ID.
    ///
    /// With headers, a page ends early at ``CatalogPage/byteLimit``: go on from the place of its last answer.
    ///
    /// - Throws: `.timedOut` when it takes longer than the limit, `.cancelled` when the task is.
    func find(_ query: CatalogQuery) async throws(CatalogError) -> [CatalogRow]

    /// The instance with that SOP Instance UID, with header and frame index; `nil` when there is none.
    ///
    /// Here and below, a record's values are the instance's own at instance level, and above it those of the series and
    /// study that it belongs to.
    func instance(_ sopInstanceUID: UID) async throws(CatalogError) -> InstanceRecord?

    /// Instances of a study, or of one of its series, in the order series number, instance number, SOP Instance UID.
    ///
    /// - Parameters:
    ///   - seriesInstanceUID: `nil` for all series.
    ///   - last: The last instance of the page before; `nil` to begin. Instances that arrive in between neither shift
    ///     the next page nor make it slower.
    ///   - limit: How many to return at most; read a long study page by page. With headers, a page may also end at
    ///     ``CatalogPage/byteLimit``: only an empty one is the end.
    ///   - includesHeader: Without it `sealedHeader` is empty, and `frameIndex` is `nil`.
    func instances(
        ofStudy studyInstanceUID: UID,
        series seriesInstanceUID: UID?,
        after last: InstanceRecord?,
        limit: Int,
        includesHeader: Bool
    ) async throws(CatalogError) -> [InstanceRecord]

    /// All instances in the order of their SOP Instance UID, after the given one; for verification and comparison.
    ///
    /// A page ends at `limit` or ``CatalogPage/byteLimit``: only an empty one is the end.
    func allInstances(after sopInstanceUID: UID?, limit: Int) async throws(CatalogError) -> [InstanceRecord]

    /// Studies with the packs that they lie in: those without date first, then the oldest; of one day, the greatest UID.
    ///
    /// - Parameters:
    ///   - position: Where the page before ended; `nil` to begin. Studies that arrive in between shift nothing.
    ///   - limit: How many to return at most; only an empty page is the end.
    func studyHoldings(after position: StudyPosition?, limit: Int) async throws(CatalogError) -> [StudyHolding]

    /// One study with the packs that it lies in; `nil` when there is none.
    func studyHolding(_ studyInstanceUID: UID) async throws(CatalogError) -> StudyHolding?

    /// How many records there are.
    func counts() async throws(CatalogError) -> CatalogCounts

    /// Makes everything committed so far survive a power cut.
    func makeDurable() async throws(CatalogError)

    /// Makes everything durable and lets go of the database.
    func close() async throws(CatalogError)
}

/// How much one read of a catalog brings.
public enum CatalogPage {
    /// Bytes of sealed headers and frame indexes at which a page ends, however few records it has: 16 MiB.
    ///
    /// The record that reaches it still belongs to the page, so that none is without a record.
    public static let byteLimit = 16 << 20
}

/// What became of a record handed to ``Catalog/insert(_:)``.
public enum InsertOutcome: Sendable, Hashable {
    /// It is in the catalog now.
    case inserted
    /// An instance with its SOP Instance UID was there already: this one.
    case alreadyThere(InstanceRecord)
    /// Its study is in the catalog under another Patient ID or issuer; nothing changed.
    case conflict
}

/// How many records of each level there are.
public struct CatalogCounts: Sendable, Hashable {
    /// Patients.
    public var patients: Int
    /// Studies.
    public var studies: Int
    /// Series.
    public var series: Int
    /// Instances.
    public var instances: Int
    /// Bytes of all payloads.
    public var payloadBytes: UInt64

    /// Makes the counts.
    public init(patients: Int, studies: Int, series: Int, instances: Int, payloadBytes: UInt64) {
        self.patients = patients
        self.studies = studies
        self.series = series
        self.instances = instances
        self.payloadBytes = payloadBytes
    }
}

/// Why the catalog could not do what was asked.
public struct CatalogError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong.
    public enum Code: String, Sendable, Hashable {
        /// The database cannot be opened: another key, or no database of ours.
        case cannotOpen
        /// The database is of an earlier version; the index must be rebuilt.
        case outdated
        /// A page failed its authentication; the index must be rebuilt.
        case damaged
        /// The volume is full.
        case noSpace
        /// The database reported another failure.
        case failed
        /// The query took longer than the limit.
        case timedOut
        /// The task that asked was cancelled.
        case cancelled
    }

    /// What went wrong.
    public let code: Code
    /// What to look at or do; holds no value of a Data Set.
    public let advice: String

    /// Makes an error.
    public init(_ code: Code, _ advice: String) {
        self.code = code
        self.advice = advice
    }

    /// Code and advice.
    public var description: String { "The catalog failed (\(code.rawValue)): \(advice)" }
}
