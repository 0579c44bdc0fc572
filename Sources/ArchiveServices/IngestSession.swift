import AccessControl
import ArchiveCatalog
import DICOMCoding
import DICOMCore
import Logging
public import NIOCore
import PackStorage
import Platform
import Sealing
import Synchronization

/// One sender's objects, one after the other.
///
/// The bytes pass once: parsed, hashed and sealed as they come; at the end the record is made durable and handed to the
/// index (``IndexWriter``), then the sender hears "success". Never the other way round.
public final class IngestSession: Sendable {
    let service: IngestService
    let writer: PackWriter
    let principal: Principal
    let told = Mutex<Set<IngestOddity>>([])
    /// Whether each object is acknowledged only when another store has it, too.
    private let waitsForRemote: Bool

    init(service: IngestService, writer: PackWriter, principal: Principal) {
        self.service = service
        self.writer = writer
        self.principal = principal
        waitsForRemote = service.waitsForRemote(principal.name)
    }

    /// Stores one object; returns when it is durable and every reader sees it, or refused.
    ///
    /// Memory is bounded whatever the object's length. A refused object leaves nothing behind or, after a
    /// failed sync, may come back at the next start.
    public func store<Body: AsyncSequence & Sendable>(
        _ object: IncomingObject,
        body: Body
    ) async -> IngestOutcome where Body.Element == ByteBuffer {
        let visit = service.packs.traffic.enter()
        defer { withExtendedLifetime(visit) {} }
        // One change of thread for the object: parsing, sealing, syncs and the catalog follow each other on the pool,
        // while the event loop receives what comes next.
        let outcome = await withTaskExecutorPreference(service.packs.taskExecutor) {
            await storeInPlace(object, body: body)
        }
        service.figures.note(outcome)
        return outcome
    }

    private func storeInPlace<Body: AsyncSequence & Sendable>(
        _ object: IncomingObject,
        body: Body
    ) async -> IngestOutcome where Body.Element == ByteBuffer {
        var recording = Recording(object: object, limits: service.limits)
        defer {
            if let study = recording.study { service.traffic.leave(study) }
        }
        do throws(IngestRefusal) {
            try await receive(body, into: &recording)
            let scanned = try recording.reception.finish()
            try check(scanned.identity, against: object)
            if recording.reception.isDisordered { tell(.disorder) }
            tell(recording.reception.dataSetQuirks)
            try await begin(&recording, scanned.identity)
            let (outcome, location) = try await complete(recording, scanned)
            if waitsForRemote { try await secure(location, recording) }
            return outcome
        } catch {
            if recording.hasBegun { await writer.cancel() }
            service.logger.warning("object refused", metadata: [LogKeys.error: "\(error)"])
            return .refused(error)
        }
    }

    /// Waits until another store has the object, which is durable here and has been handed to the index.
    ///
    /// A sender that is refused for that sends again, and then only the other store is asked.
    private func secure(_ location: StoredLocation, _ recording: Recording) async throws(IngestRefusal) {
        guard let remote = service.remote else {
            service.logger.error("a sender waits for another store, but the setting 'copy-new' names none")
            throw recording.refusal(.notSecured)
        }
        do throws(PackError) {
            try await remote.secure(location)
        } catch {
            _ = failure(error)
            throw recording.refusal(.notSecured)
        }
    }

    /// Ends the session: its packs may be sealed now.
    public func close() async {
        await writer.close()
    }

    private func receive<Body: AsyncSequence & Sendable>(
        _ body: Body,
        into recording: inout Recording
    ) async throws(IngestRefusal) where Body.Element == ByteBuffer {
        try await admit(recording)
        var iterator = body.makeAsyncIterator()
        while true {
            let next: ByteBuffer?
            do {
                next = try await iterator.next()
            } catch {
                throw recording.refusal(.interrupted)
            }
            guard let chunk = next else { return }
            try recording.reception.take(chunk)
            if recording.hasBegun {
                try await append(chunk, recording)
                continue
            }
            recording.held.append(chunk)
            // A chunk costs more than its bytes; many tiny ones must not add up unseen.
            recording.heldLength += chunk.readableBytes + 128
            if let identity = recording.reception.identity {
                try check(identity, against: recording.object)
                try await begin(&recording, identity)
            } else if recording.heldLength > service.limits.identificationLength {
                throw recording.refusal(.identityTooLate)
            }
        }
    }

    private func admit(_ recording: Recording) async throws(IngestRefusal) {
        do throws(PackError) {
            try await service.admit()
        } catch {
            throw recording.refusal(failure(error))
        }
        do throws(CatalogError) {
            try await service.index.admit()
        } catch {
            throw recording.refusal(failure(error))
        }
    }

    private func check(_ identity: InstanceIdentity, against object: IncomingObject) throws(IngestRefusal) {
        let expectations = [
            (object.sopClassUID, identity.sopClassUID, Tag.sopClassUID),
            (object.sopInstanceUID, identity.sopInstanceUID, Tag.sopInstanceUID),
            (object.studyInstanceUID, identity.studyInstanceUID, Tag.studyInstanceUID),
        ]
        for (expected, found, tag) in expectations where expected != nil && expected != found {
            throw IngestRefusal(
                .mismatch(tag),
                sopClassUID: identity.sopClassUID,
                sopInstanceUID: identity.sopInstanceUID
            )
        }
    }

    /// Begins the record and writes what was held back; does nothing when it has begun.
    private func begin(_ recording: inout Recording, _ identity: InstanceIdentity) async throws(IngestRefusal) {
        guard !recording.hasBegun, let transferSyntax = recording.reception.transferSyntax else { return }
        let path = InstancePath(identity)
        let context = PayloadContext.bytes(
            path: path,
            sopClassUID: identity.sopClassUID,
            transferSyntaxUID: transferSyntax.uid
        )
        guard service.traffic.enter(path.studyInstanceUID) else {
            service.logger.warning("an object was refused: its study is being shredded")
            throw recording.refusal(.storageFailed)
        }
        recording.study = path.studyInstanceUID
        do {
            let keyID = service.keyring.keyID(for: Array(path.studyInstanceUID.string.utf8))
            let key = try await service.keyring.studyKeyCreatingIfNeeded(keyID)
            let recordID = try await writer.begin(studyKey: key, context: context)
            recording.begun = Recording.Begun(recordID: recordID, studyKey: key)
        } catch {
            throw recording.refusal(failure(error))
        }
        tell(header: recording.reception.headerQuirks)
        if case .dataSet = recording.object.form {
            let header: ByteBuffer
            do throws(DataSetError) {
                header = try FileHeader.encoded(
                    sopClassUID: identity.sopClassUID,
                    sopInstanceUID: identity.sopInstanceUID,
                    transferSyntax: transferSyntax,
                    source: principal.name
                )
            } catch {
                throw recording.refusal(.notReadable(error))
            }
            recording.reception.prefixed(by: header.readableBytes)
            try await append(header, recording)
        }
        for chunk in recording.held {
            try await append(chunk, recording)
        }
        recording.held = []
    }

    private func append(_ chunk: ByteBuffer, _ recording: Recording) async throws(IngestRefusal) {
        do throws(PackError) {
            try await writer.append(chunk)
        } catch {
            throw recording.refusal(failure(error))
        }
    }

    /// What a failed step means for the sender; the operator reads the cause in the log.
    func failure(_ error: any Error) -> IngestRefusal.Reason {
        // A sender that goes away, or a stop, cancels what is under way: no failure of the archive.
        let level: Logger.Level = Self.isCancellation(error) ? .debug : .error
        service.logger.log(level: level, "storing failed", metadata: [LogKeys.error: "\(error)"])
        return Self.reason(error)
    }

    private static func isCancellation(_ error: any Error) -> Bool {
        switch error {
        case let error as PackError: error.code == .cancelled || error.code == .keyring(.cancelled)
        case let error as CatalogError: error.code == .cancelled
        case let error as KeyringError: error.code == .cancelled
        default: error is CancellationError
        }
    }

    /// Packs, keyring and index lie on volumes that may run full, and the sender is to know.
    static func reason(_ error: any Error) -> IngestRefusal.Reason {
        let isFull =
            switch error {
            case let error as PackError: error.code == .noSpace || error.code == .keyring(.noSpace)
            case let error as CatalogError: error.code == .noSpace
            case let error as KeyringError: error.code == .noSpace
            default: false
            }
        return isFull ? .noSpace : .storageFailed
    }
}
