public import AccessControl
import ArchiveCatalog
public import DICOMCoding
import DICOMCore
import NIOCore
import PackStorage
import Sealing

/// Reads objects out: whole, by frame, by bulk value, or their headers.
public final class RetrieveService: Sendable {
    private let policy: AccessPolicy
    private let catalog: CurrentCatalog
    private let recalls: RecallService
    private let accesses: AccessLog
    private let packs: PackStore
    private let limits: DataSetLimits
    let headers: HeaderReader
    let pixels: PixelService
    private let frameIndexes = FrameIndexCache()
    private let inflations = InflationCache()

    init(
        policy: AccessPolicy,
        catalog: CurrentCatalog,
        packs: PackStore,
        headers: HeaderReader,
        pixels: PixelService,
        recalls: RecallService,
        accesses: AccessLog,
        limits: DataSetLimits
    ) {
        self.recalls = recalls
        self.accesses = accesses
        self.pixels = pixels
        self.policy = policy
        self.catalog = catalog
        self.packs = packs
        self.headers = headers
        self.limits = limits
    }

    /// A page of the instances of a scope, in series and instance order.
    ///
    /// - Parameters:
    ///   - last: The last instance of the page before; `nil` to begin.
    ///   - limit: How many to return at most. With headers there may be fewer: only an empty page is the end.
    ///   - includesHeader: Without it the instances cannot be asked for metadata, frames or bulk.
    /// - Throws: `.notFound` when the scope holds nothing at all; `.denied`, `.unavailable`.
    public func instances(
        in scope: RetrieveScope,
        as principal: Principal,
        after last: ArchivedInstance? = nil,
        limit: Int,
        includesHeader: Bool
    ) async throws(ArchiveError) -> [ArchivedInstance] {
        try authorize(includesHeader ? .readMetadata : .search, principal)
        let records: [InstanceRecord]
        do throws(CatalogError) {
            if scope.sopInstanceUID != nil, last != nil {
                records = []
            } else if let sopInstanceUID = scope.sopInstanceUID {
                records = try await [catalog.instance(sopInstanceUID)].compactMap { $0 }
                    .filter { scope.contains($0.path) }
            } else {
                records = try await catalog.instances(
                    ofStudy: scope.studyInstanceUID,
                    series: scope.seriesInstanceUID,
                    after: last?.record,
                    limit: limit,
                    includesHeader: includesHeader
                )
            }
        } catch {
            throw ArchiveError(error)
        }
        guard !records.isEmpty || last != nil else {
            throw ArchiveError(.notFound, "The archive has no such study, series or instance")
        }
        return records.map(ArchivedInstance.init)
    }

    /// The header of an instance as it is kept, with all elements, bulk by reference; JSON can be made of it without a
    /// Data Set.
    public func archivedHeader(
        of instance: ArchivedInstance,
        as principal: Principal
    ) throws(ArchiveError) -> ArchivedHeader {
        try authorize(.readMetadata, principal)
        return try headers.archived(instance.record.header)
    }

    /// The stored Part 10 object, byte for byte as it was received.
    ///
    /// An object that came without File Meta Information gets one in front, so that every reader can open it.
    public func payload(
        of instance: ArchivedInstance,
        as principal: Principal
    ) async throws(ArchiveError) -> ByteStream {
        let isElsewhere = try await beginReading(instance, as: principal)
        let length = instance.record.location.payloadLength
        let stored = ByteStream.Part.stored(payload(instance), 0..<length)
        guard instance.record.dataSetOffset == 0 else {
            let stream = ByteStream(length: length, parts: [stored])
            return isElsewhere ? try await stream.begun() : stream
        }
        let header: ByteBuffer
        do throws(DataSetError) {
            header = try FileHeader.encoded(
                sopClassUID: instance.sopClassUID,
                sopInstanceUID: instance.path.sopInstanceUID,
                transferSyntax: instance.transferSyntax,
                source: instance.record.source
            )
        } catch {
            throw ArchiveError(.damaged, "No File Meta Information can be written for the instance: \(error)")
        }
        return ByteStream(length: UInt64(header.readableBytes) + length, parts: [.bytes(header), stored])
    }

    /// How many frames the instance has.
    ///
    /// - Throws: `.framesUnknown` when it has none or they cannot be told apart.
    public func frameCount(
        of instance: ArchivedInstance,
        as principal: Principal
    ) async throws(ArchiveError) -> Int {
        try authorize(.readPixels, principal)
        return try frameIndex(of: instance).frameCount
    }

    /// One frame in the stored Transfer Syntax: a native frame's bytes, or an encapsulated frame's fragments joined.
    ///
    /// - Parameter frameNumber: 1-based, as in PS3.18 10.4.
    /// - Throws: `.notFound` above Number of Frames, `.framesUnknown` when frames cannot be told apart.
    public func frame(
        _ frameNumber: Int,
        of instance: ArchivedInstance,
        as principal: Principal
    ) async throws(ArchiveError) -> ByteStream {
        let isElsewhere = try await beginReading(instance, as: principal)
        let index = try frameIndex(of: instance)
        guard (1...max(1, index.frameCount)).contains(frameNumber), frameNumber <= index.frameCount else {
            throw ArchiveError(
                .notFound,
                "The instance has \(index.frameCount) frames, none with number \(frameNumber)"
            )
        }
        let stream = storedFrame(frameNumber - 1, index, of: instance)
        return isElsewhere ? try await stream.begun() : stream
    }

    /// One frame as it is stored, 0-based.
    func storedFrame(_ frameIndex: Int, _ index: FrameIndex, of instance: ArchivedInstance) -> ByteStream {
        stream(
            instance,
            dataSetRanges: index.byteRanges(frameIndex: frameIndex),
            bits: index.bits(frameIndex: frameIndex)
        )
    }

    /// One bulk value as stored.
    ///
    /// - Parameter path: As in the URIs of the metadata: `7FE00010`, `00880200/1/7FE00010`.
    /// - Throws: `.badRequest` for a malformed path, `.notFound` when the instance has no bulk value there.
    public func bulkData(
        at path: String,
        of instance: ArchivedInstance,
        as principal: Principal
    ) async throws(ArchiveError) -> ByteStream {
        guard let path = BulkPath(path) else {
            throw ArchiveError(.badRequest, "A bulk data path looks like 7FE00010 or 00880200/1/7FE00010")
        }
        try await beginReading(instance, as: principal)
        let header = try headers.dataSet(instance.record.header)
        guard case .bulk(let bulk) = path.element(in: header)?.value else {
            throw ArchiveError(.notFound, "The instance has no bulk data there")
        }
        let (end, overflow) = bulk.offset.addingReportingOverflow(bulk.length)
        guard !overflow else { throw ArchiveError(.damaged, "The header in the index names a place beyond the object") }
        return stream(instance, dataSetRanges: [bulk.offset..<end])
    }

    /// Lets a reader at the bytes of an instance, which counts as an access of its study.
    ///
    /// - Returns: Whether the bytes lie in another store than the data folder.
    /// - Throws: `.denied`; `.frozen` when the bytes must be brought back first, which has begun then.
    @discardableResult
    func beginReading(_ instance: ArchivedInstance, as principal: Principal) async throws(ArchiveError) -> Bool {
        try authorize(.readPixels, principal)
        let study = instance.path.studyInstanceUID
        let pack = PackID(instance.record.location.packID)
        let isElsewhere = try await recalls.requireReadable(pack, of: study, as: principal)
        accesses.note(study)
        return isElsewhere
    }

    /// Makes sure that all objects of a scope can be read, before the first of them is sent.
    ///
    /// - Throws: As ``beginReading(_:as:)`` for the first pack that cannot.
    public func requireReadable(_ scope: RetrieveScope, as principal: Principal) async throws(ArchiveError) {
        try authorize(.readPixels, principal)
        guard recalls.mayFreeze else { return }
        for pack in try await packs(of: scope) {
            try await recalls.requireReadable(pack, of: scope.studyInstanceUID, as: principal)
        }
    }

    private func packs(of scope: RetrieveScope) async throws(ArchiveError) -> [PackID] {
        do throws(CatalogError) {
            guard scope.seriesInstanceUID != nil || scope.sopInstanceUID != nil else {
                return try await catalog.studyHolding(scope.studyInstanceUID)?.packs.map { PackID($0.packID) } ?? []
            }
            return try await catalog.packs(of: scope).sorted()
        } catch {
            throw ArchiveError(error)
        }
    }

    func authorize(_ operation: Operation, _ principal: Principal) throws(ArchiveError) {
        guard policy.allows(operation, for: principal) else {
            throw ArchiveError(.denied, "This caller may not read objects")
        }
    }

    func frameIndex(of instance: ArchivedInstance) throws(ArchiveError) -> FrameIndex {
        let recordID = instance.record.location.recordID
        if let known = frameIndexes[recordID] { return known }
        guard let encoded = instance.record.frameIndex else {
            throw ArchiveError(.framesUnknown, "The instance has no frames, or they cannot be told apart")
        }
        do {
            let index = try FrameIndex(decoding: ByteBuffer(bytes: encoded))
            frameIndexes.keep(index, length: encoded.count, of: recordID)
            return index
        } catch {
            throw ArchiveError(.damaged, "The frame index cannot be read: run `cassette index rebuild`")
        }
    }

    func stream(
        _ instance: ArchivedInstance,
        dataSetRanges ranges: [Range<UInt64>],
        bits: (first: Int, count: UInt64)? = nil
    ) -> ByteStream {
        let length = ranges.reduce(0) { $0 + $1.upperBound - $1.lowerBound }
        let start = instance.record.dataSetOffset
        let payload = payload(instance)
        let parts: [ByteStream.Part]
        if instance.transferSyntax.isDeflated {
            let compressed = payload.read(start..<instance.record.location.payloadLength)
            let reader = InflatingReader(compressed, limits: limits)
            parts = ranges.filter { !$0.isEmpty }.map { range in
                .inflated(
                    InflatedRange(
                        recordID: instance.record.location.recordID,
                        start: reader,
                        range: range,
                        cache: inflations
                    )
                )
            }
        } else {
            let stored = ranges.map { start + $0.lowerBound..<start + $0.upperBound }
            parts = GatheredRanges.gather(stored).map { gathered in
                gathered.ranges.count == 1 ? .stored(payload, gathered.cover) : .gathered(payload, gathered)
            }
        }
        guard let bits else { return ByteStream(length: length, parts: parts) }
        let window = BitWindow(first: bits.first, count: bits.count)
        return ByteStream(length: bits.count / 8 + (bits.count % 8 == 0 ? 0 : 1), parts: parts, window: window)
    }

    private func payload(_ instance: ArchivedInstance) -> ByteStream.StoredPayload {
        ByteStream.StoredPayload(
            packs: packs,
            location: RecordLocation(instance.record.location),
            context: PayloadContext.bytes(of: instance.record)
        )
    }
}

extension RetrieveScope {
    func contains(_ path: InstancePath) -> Bool {
        path.studyInstanceUID == studyInstanceUID
            && (seriesInstanceUID == nil || path.seriesInstanceUID == seriesInstanceUID)
            && (sopInstanceUID == nil || path.sopInstanceUID == sopInstanceUID)
    }
}
