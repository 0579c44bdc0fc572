import Logging
import Metrics
public import NIOCore
public import Platform
public import Sealing
import Synchronization

/// Appends records to packs of its own, one at a time; for one association or request.
///
/// `begin`, any number of `append`, then `finish` or `cancel`. After an error of `append` or `finish` the record is gone
/// and the next `begin` may follow; after a failed sync it may come back at the next start.
public final class PackWriter: Sendable {
    /// A record that is being written.
    private struct Recording {
        var pack: OpenPack
        let reference: PackReference
        let kind: RecordKind
        let seal: RecordSeal
        let context: [UInt8]
        var sealer: FLOESealer
        /// Where the record begins in the pack.
        let start: UInt64
        /// Sealed bytes that are not written yet, and where they go.
        var pending: ByteBuffer
        var pendingOffset: UInt64
    }

    private enum State {
        case idle
        case recording(Recording)
        /// A call is at work; another must not come in between.
        case busy
        case closed
    }

    private struct Shelf {
        var state = State.idle
        var packs: [PackReference: OpenPack] = [:]
        var recordCount: UInt64 = 0
    }

    /// Locked for moments only: whoever works on the record has taken it out.
    private let shelf = Mutex(Shelf())

    private let files: PackFiles
    private let registry: PackRegistry
    private let pool: WorkPool
    private let random: any RandomSource
    private let clock: any WallClock
    private let logger: Logger
    private let configuration: PackConfiguration

    init(
        files: PackFiles,
        registry: PackRegistry,
        pool: WorkPool,
        random: any RandomSource,
        clock: any WallClock,
        logger: Logger,
        configuration: PackConfiguration
    ) {
        self.files = files
        self.registry = registry
        self.pool = pool
        self.random = random
        self.clock = clock
        self.logger = logger
        self.configuration = configuration
    }

    /// Starts a record in this writer's open pack of the study.
    ///
    /// Touches no disk.
    ///
    /// - Parameter context: What the payload belongs to; whoever reads it must give the same bytes. At most 64 KiB.
    /// - Returns: The id of the record.
    @discardableResult
    public func begin(
        studyKey: StudyKey,
        context: [UInt8],
        kind: RecordKind = .instance
    ) async throws(PackError) -> RandomID {
        guard context.count <= 65_536 else { throw PackError(.wrongOrder) }
        let reference = PackReference(studyKeyID: studyKey.id, keyGeneration: studyKey.generation)
        let taken = shelf.withLock { shelf -> OpenPack? in
            guard case .idle = shelf.state else { return nil }
            shelf.recordCount += 1
            shelf.state = .busy
            return takePack(reference, &shelf)
        }
        guard let pack = taken else { throw PackError(.wrongOrder) }
        let seal = RecordSeal(recordID: RandomID(random: random), studyKey: studyKey)
        let sealer = seal.payloadSealer(context: context, random: random)
        var pending = ByteBuffer()
        pending.reserveCapacity(4_096)
        if pack.extent.length == 0 { pending.writeImmutableBuffer(pack.header.encoded) }
        let header = RecordHeader(kind: kind, recordID: seal.recordID, parameters: sealer.parameters)
        pending.writeImmutableBuffer(header.encoded)
        pending.writeImmutableBuffer(sealer.header)
        setDown(
            Recording(
                pack: pack,
                reference: reference,
                kind: kind,
                seal: seal,
                context: context,
                sealer: sealer,
                start: pack.nextOffset,
                pending: pending,
                pendingOffset: pack.extent.length
            )
        )
        return seal.recordID
    }

    /// Takes bytes of the payload in; writes when ``PackConfiguration/writeLength`` has gathered.
    public func append(_ plaintext: ByteBuffer) async throws(PackError) {
        var recording = try pickUp()
        do {
            try recording.sealer.update(plaintext, into: &recording.pending)
        } catch {
            keep(recording)
            throw PackError(.recordTooLong, packID: recording.pack.id)
        }
        if recording.pending.readableBytes >= configuration.writeLength {
            try await writePending(&recording)
        }
        setDown(recording)
    }

    /// Ends the record; when this returns, it is durable.
    ///
    /// - Parameter manifest: What the owner wants to know about the record without its payload. At most 64 MiB.
    /// - Parameter handOver: Called when the record is durable and before its pack can be sealed.
    /// - Throws: `.noSpace`, `.disk`, `.cancelled`, `.recordTooLong`; the record is then not stored. After a failed sync the
    ///   pack is given up.
    @discardableResult
    public func finish(
        manifest: ByteBuffer,
        handOver: (RecordLocation) -> Void = { _ in }
    ) async throws(PackError) -> RecordLocation {
        var recording = try pickUp()
        let location: RecordLocation
        do {
            location = try complete(&recording, manifest: manifest)
        } catch {
            keep(recording)
            throw error
        }
        let end = location.offset + location.recordLength
        try await onDisk(&recording) { recording, files throws(DiskError) in
            try recording.pack.write(recording.pending, at: recording.pendingOffset, in: files)
            try recording.pack.commit(length: end, in: files)
        }
        handOver(location)
        keep(recording)
        return location
    }

    /// Drops the record that was begun; the pack stays usable.
    ///
    /// Without one, does nothing.
    public func cancel() async {
        guard var recording = take() else { return }
        do throws(PackError) {
            try await onDisk(&recording) { recording, _ throws(DiskError) in try recording.pack.cutBack() }
            keep(recording)
        } catch {
            // A cancelled task cannot visit the pool: the next record writes over the rest, or sealing cuts it off.
            // On a disk error the pack is given up, and start-up recovery cuts it.
        }
    }

    /// No more records: the packs may be sealed.
    public func close() async {
        await cancel()
        let packs = shelf.withLock { shelf in
            shelf.state = .closed
            defer { shelf.packs = [:] }
            return shelf.packs
        }
        for (reference, pack) in packs { letGo(pack, reference) }
    }

    /// No more records by this writer: the study's next one goes on with the pack unless it is full.
    private func letGo(_ pack: OpenPack, _ reference: PackReference) {
        if pack.extent.length < configuration.packSizeLimit {
            registry.release(pack, reference)
        } else {
            registry.close(pack.id)
        }
    }

    /// Takes the record out, so that its buffers have one owner and are changed in place; `nil` without one.
    private func take() -> Recording? {
        shelf.withLock { shelf in
            guard case .recording(let recording) = shelf.state else { return nil }
            shelf.state = .busy
            return recording
        }
    }

    private func pickUp() throws(PackError) -> Recording {
        guard let recording = take() else { throw PackError(.wrongOrder) }
        return recording
    }

    /// Puts the record back for the next call.
    private func setDown(_ recording: Recording) {
        shelf.withLock { $0.state = .recording(recording) }
    }

    private func takePack(_ reference: PackReference, _ shelf: inout Shelf) -> OpenPack {
        if let pack = shelf.packs.removeValue(forKey: reference) {
            if pack.extent.length < configuration.packSizeLimit, registry.checkOut(pack.id) { return pack }
            registry.close(pack.id)
        }
        while shelf.packs.count >= max(1, configuration.openPacksPerWriter),
            let oldest = shelf.packs.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            letGo(oldest.value, oldest.key)
            shelf.packs.removeValue(forKey: oldest.key)
        }
        if let pack = registry.adopt(reference) { return pack }
        let header = PackHeader(
            packID: PackID(RandomID(random: random)),
            studyKeyID: reference.studyKeyID,
            keyGeneration: reference.keyGeneration
        )
        registry.add(header.packID)
        return OpenPack(header: header)
    }

    /// Appends the end of the payload, the manifest, and the trailer to the pending bytes.
    private func complete(
        _ recording: inout Recording,
        manifest: ByteBuffer
    ) throws(PackError) -> RecordLocation {
        let seal = recording.seal
        let payloadLength = recording.sealer.plaintextLength
        var sealedManifest = ByteBuffer()
        sealedManifest.writeInteger(UInt32(recording.context.count))
        sealedManifest.writeBytes(recording.context)
        sealedManifest.writeImmutableBuffer(manifest)
        guard sealedManifest.readableBytes <= RecordSeal.manifestLengthLimit else { throw PackError(.recordTooLong) }
        do {
            try recording.sealer.finish(into: &recording.pending)
            try seal.sealManifest(
                sealedManifest,
                kind: recording.kind,
                payloadLength: payloadLength,
                random: random,
                into: &recording.pending
            )
        } catch {
            throw PackError(.recordTooLong)
        }
        let end = recording.pendingOffset + UInt64(recording.pending.readableBytes + RecordTrailer.length)
        let trailer = RecordTrailer(
            payloadLength: payloadLength,
            manifestLength: UInt32(sealedManifest.readableBytes),
            recordLength: end - recording.start
        )
        recording.pending.writeImmutableBuffer(trailer.encoded)
        return RecordLocation(
            packID: recording.pack.id,
            offset: recording.start,
            recordID: seal.recordID,
            studyKeyID: seal.studyKey.id,
            keyGeneration: seal.studyKey.generation,
            payloadLength: payloadLength,
            manifestLength: trailer.manifestLength,
            recordLength: trailer.recordLength
        )
    }

    private func writePending(_ recording: inout Recording) async throws(PackError) {
        try await onDisk(&recording) { recording, files throws(DiskError) in
            try recording.pack.write(recording.pending, at: recording.pendingOffset, in: files)
            // The medium works while the rest of the object arrives, so that the sync at its end has little left to do.
            try recording.pack.startWriteback(at: recording.pendingOffset, count: recording.pending.readableBytes)
        }
        recording.pendingOffset += UInt64(recording.pending.readableBytes)
        recording.pending.clear(
            minimumCapacity: configuration.writeLength + Int(recording.sealer.parameters.segmentLength)
        )
    }

    /// Runs disk work on the pool.
    ///
    /// After an error the record is dropped, and unless only the task was cancelled the pack,
    /// too: nothing is tried a second time on a descriptor that has failed.
    private func onDisk(
        _ recording: inout Recording,
        _ work: @escaping @Sendable (inout Recording, PackFiles) throws(DiskError) -> Void
    ) async throws(PackError) {
        let files = files
        let before = recording
        let result: (Recording, DiskError?)
        do {
            result = try await pool.run {
                var recording = before
                do throws(DiskError) {
                    try work(&recording, files)
                    return (recording, nil)
                } catch {
                    recording.pack.saveWhatIsDurable()
                    return (recording, error)
                }
            }
        } catch {
            keep(recording)
            throw PackError(.cancelled, packID: recording.pack.id)
        }
        recording = result.0
        guard let error = result.1 else { return }
        giveUp(recording.pack, error)
        shelf.withLock { $0.state = .idle }
        var failure = PackError(error, packID: recording.pack.id, offset: recording.start)
        failure.mayBeStored = recording.pack.endIsUncertain
        throw failure
    }

    /// Back to idle.
    ///
    /// What a dropped record has left in the file is written over or cut off later.
    private func keep(_ recording: Recording) {
        var pack = recording.pack
        registry.checkIn(pack.id, pack.extent, now: clock.now())
        shelf.withLock { shelf in
            pack.lastUse = shelf.recordCount
            shelf.packs[recording.reference] = pack
            shelf.state = .idle
        }
    }

    private func giveUp(_ pack: OpenPack, _ error: DiskError) {
        guard pack.endIsUncertain else {
            registry.checkIn(pack.id, pack.extent, now: clock.now())
            registry.close(pack.id)
            return
        }
        registry.abandon(pack.id, isVolumeSuspect: error.code != .noSpace, now: clock.now())
        Counter(label: "cassette_packs_abandoned_total").increment()
        logger.error(
            "a pack was given up after a failed write; its whole records stay readable",
            metadata: [LogKeys.packID: "\(pack.id.hex)", LogKeys.error: "\(error.description)"]
        )
    }
}
