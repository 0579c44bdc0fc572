import AccessControl
import ArchiveCatalog
import DICOMCoding
import DICOMCore
import Logging
import NIOCore
import PackStorage
import Platform
import Sealing
import Synchronization

extension IngestSession {
    /// Makes the record durable and hands it to the index, with its SOP Instance UID closed to other senders meanwhile.
    func complete(
        _ recording: Recording,
        _ scanned: ScannedInstance
    ) async throws(IngestRefusal) -> (IngestOutcome, StoredLocation) {
        let sopInstanceUID = scanned.identity.sopInstanceUID
        await service.instances.enter(sopInstanceUID)
        do throws(IngestRefusal) {
            let outcome = try await completeAlone(recording, scanned)
            service.instances.leave(sopInstanceUID)
            return outcome
        } catch {
            service.instances.leave(sopInstanceUID)
            throw error
        }
    }

    private func completeAlone(
        _ recording: Recording,
        _ scanned: ScannedInstance
    ) async throws(IngestRefusal) -> (IngestOutcome, StoredLocation) {
        let identification = InstanceIdentification(
            sopClassUID: scanned.identity.sopClassUID,
            path: InstancePath(scanned.identity)
        )
        let digest = recording.reception.dataSetDigest()
        if let stored = try await storedInstance(identification.path.sopInstanceUID, recording) {
            try confirmSame(stored, identification.path, digest, recording)
            await writer.cancel()
            return (.alreadyStored(identification), stored.location)
        }
        guard service.uncertain.withLock({ $0[identification.path.sopInstanceUID] ?? digest }) == digest else {
            service.logger.error("an object that may come back at the next start has this SOP Instance UID: restart")
            throw recording.refusal(.storageFailed)
        }
        var oddities = HeaderValues.Oddities()
        let values = HeaderValues.values(
            of: scanned.header,
            inheriting: service.assumedCharacterSets.inherited(fromSource: principal.name),
            noting: &oddities
        )
        tell(oddities)
        let patient = PatientIdentity(values)
        let claim = try await claim(identification.path.studyInstanceUID, for: patient, recording)
        let location: StoredLocation
        do throws(IngestRefusal) {
            location = try await seal(recording, scanned, values: values, digest: digest)
        } catch {
            if case .toSettle(let owner) = claim {
                // What may come back at the next start keeps the study.
                let mayComeBack = service.uncertain.withLock { $0[identification.path.sopInstanceUID] != nil }
                service.owners.settle(identification.path.studyInstanceUID, belongsTo: mayComeBack ? owner : nil)
            }
            throw error
        }
        if case .toSettle(let owner) = claim {
            service.owners.settle(identification.path.studyInstanceUID, belongsTo: owner)
        }
        service.figures.noteStored(byteCount: location.payloadLength)
        return (.stored(identification), location)
    }

    private func storedInstance(_ uid: UID, _ recording: Recording) async throws(IngestRefusal) -> InstanceRecord? {
        // What waits for the index is asked for first: a record leaves that place only for the catalog.
        if let record = service.index.pendingRecord(uid) { return record }
        do throws(CatalogError) {
            return try await service.catalog.instance(uid)
        } catch {
            throw recording.refusal(failure(error))
        }
    }

    private func confirmSame(
        _ stored: InstanceRecord,
        _ path: InstancePath,
        _ digest: [UInt8],
        _ recording: Recording
    ) throws(IngestRefusal) {
        guard stored.path == path else { throw recording.refusal(.belongsElsewhere) }
        // The same bytes in another Transfer Syntax would be another object.
        guard stored.dataSetDigest == digest, stored.transferSyntaxUID == recording.reception.transferSyntax?.uid
        else { throw recording.refusal(.differentObjectStored) }
    }

    private func claim(
        _ study: UID,
        for patient: PatientIdentity,
        _ recording: Recording
    ) async throws(IngestRefusal) -> StudyOwners.Claim {
        let claim: StudyOwners.Claim
        do throws(CatalogError) {
            claim = try await service.owners.claim(study, for: patient)
        } catch {
            throw recording.refusal(failure(error))
        }
        guard claim != .refused else { throw recording.refusal(.belongsElsewhere) }
        return claim
    }

    /// Writes manifest and trailer, waits until all of it is on stable storage, and hands the record to the index.
    ///
    /// Whatever may fail does so before the sync: a durable record is handed over in any case.
    private func seal(
        _ recording: Recording,
        _ scanned: ScannedInstance,
        values: CatalogValues,
        digest: [UInt8]
    ) async throws(IngestRefusal) -> StoredLocation {
        do {
            guard let begun = recording.begun else { throw PackError(.wrongOrder) }
            let manifest = InstanceManifest(
                path: InstancePath(scanned.identity),
                sopClassUID: scanned.identity.sopClassUID,
                transferSyntaxUID: recording.reception.transferSyntax?.uid ?? TransferSyntax.implicitVRLittleEndian.uid,
                dataSetOffset: recording.reception.dataSetOffset,
                dataSetLength: scanned.dataSetLength,
                dataSetDigest: digest,
                receivedAt: service.clock.now(),
                source: principal.name,
                header: Array(try HeaderArchive.encode(scanned.header).readableBytesView),
                frameIndex: scanned.frameIndex.map { Array($0.encoded().readableBytesView) }
            )
            let sealedHeader = try HeaderSeal.seal(manifest.header, recordID: begun.recordID, key: begun.studyKey)
            let location = try await writer.finish(manifest: manifest.encoded()) { location in
                service.index.add(
                    manifest.record(at: StoredLocation(location), values: values, sealedHeader: sealedHeader)
                )
            }
            return StoredLocation(location)
        } catch {
            if (error as? PackError)?.mayBeStored == true {
                service.uncertain.withLock { $0[scanned.identity.sopInstanceUID] = digest }
            }
            throw recording.refusal(failure(error))
        }
    }
}
