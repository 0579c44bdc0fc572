public import AccessControl
import ArchiveCatalog
import Crypto
public import DICOMCore
import NIOCore
import PackStorage

/// Reads everything back: each stored byte is opened, hashed and compared with what was received.
public final class VerificationService: Sendable {
    private static let pageLength = 256

    private let policy: AccessPolicy
    private let catalog: CurrentCatalog
    private let packs: PackStore

    init(policy: AccessPolicy, catalog: CurrentCatalog, packs: PackStore) {
        self.policy = policy
        self.catalog = catalog
        self.packs = packs
    }

    /// Throws `.denied` unless `principal` may have the archive verified.
    public func authorize(_ principal: Principal) throws(ArchiveError) {
        guard policy.allows(.administer, for: principal) else {
            throw ArchiveError(.denied, "This caller may not verify the archive")
        }
    }

    /// Checks every instance in the catalog.
    ///
    /// - Parameter progress: Called after each instance with the report so far.
    /// - Throws: `ArchiveError` `.denied`, `.unavailable` when the catalog fails; what `progress` throws. Damage is no
    ///   error here but a line of the report.
    public func verify(
        as principal: Principal,
        progress: (VerificationReport) async throws -> Void
    ) async throws -> VerificationReport {
        try authorize(principal)
        var report = VerificationReport()
        report.total = try await unwrapped { () async throws(CatalogError) in try await catalog.counts() }.instances
        var last: UID?
        while true {
            let after = last
            let page = try await unwrapped { () async throws(CatalogError) in
                try await catalog.allInstances(after: after, limit: Self.pageLength)
            }
            guard let end = page.last else { break }
            for record in page {
                try await check(record, &report)
                try await progress(report)
            }
            last = end.path.sopInstanceUID
        }
        try await checkPacks(&report)
        return report
    }

    /// Looks for records that the index does not know, and for packs that cannot be read to their end.
    private func checkPacks(_ report: inout VerificationReport) async throws {
        let survey = try await packs.forEachRecord { record in
            guard record.kind == .instance, let manifest = InstanceManifest(decoding: record.manifest) else { return }
            let uid = manifest.path.sopInstanceUID
            let isKnown = try await unwrapped { () async throws(CatalogError) in
                // What was deleted lies in its pack until a compaction.
                if try await catalog.instance(uid) != nil { return true }
                return try await !catalog.removedRecords(among: [record.location.recordID]).isEmpty
            }
            if !isKnown { report.unindexed += 1 }
        }
        report.packProblems = survey.problems.count
    }

    private func unwrapped<Answer>(
        _ question: () async throws(CatalogError) -> Answer
    ) async throws(ArchiveError) -> Answer {
        do throws(CatalogError) {
            return try await question()
        } catch {
            throw ArchiveError(error)
        }
    }

    private func check(
        _ record: InstanceRecord,
        _ report: inout VerificationReport
    ) async throws(ArchiveError) {
        report.checked += 1
        var digest = SHA256()
        var position: UInt64 = 0
        do throws(PackError) {
            let payload = packs.stream(
                RecordLocation(record.location),
                context: PayloadContext.bytes(of: record),
                range: 0..<record.location.payloadLength
            )
            // What a rebuild of the index would need of the record.
            _ = try await packs.readManifest(RecordLocation(record.location))
            for try await chunk in payload {
                let end = position + UInt64(chunk.readableBytes)
                let skipped = min(end, max(position, record.dataSetOffset)) - position
                var part = chunk
                part.moveReaderIndex(forwardBy: Int(skipped))
                // The pointer stays inside the closure; the hash only reads it.
                unsafe part.withUnsafeReadableBytes { bytes in
                    unsafe digest.update(bufferPointer: bytes)
                }
                position = end
            }
            report.bytes += position
        } catch {
            // Not the object's fault: the walk as a whole ends.
            if error.code == .cancelled { throw ArchiveError(error) }
            report.damaged.append(.init(sopInstanceUID: record.path.sopInstanceUID, cause: error.description))
            return
        }
        if Array(digest.finalize()) != record.dataSetDigest {
            report.damaged.append(
                .init(sopInstanceUID: record.path.sopInstanceUID, cause: "the bytes differ from those received")
            )
        }
    }
}

/// What a verification found.
public struct VerificationReport: Sendable, Hashable {
    /// Instances in the catalog when it began.
    public var total = 0
    /// Instances read back.
    public var checked = 0
    /// Bytes read back.
    public var bytes: UInt64 = 0
    /// Instances that cannot be read, or are not what was received.
    public var damaged: [Damage] = []

    /// Whole records that the index does not know; `cassette index rebuild` brings them back.
    public var unindexed = 0
    /// Places in packs that cannot be read.
    public var packProblems = 0

    /// One damaged instance.
    public struct Damage: Sendable, Hashable {
        /// Which one.
        public let sopInstanceUID: UID
        /// What is wrong with it.
        public let cause: String
    }
}
