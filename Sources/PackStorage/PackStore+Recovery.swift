import Logging
import NIOCore
import Platform

extension PackStore {
    /// Makes the open packs whole again after the program has ended in any way, and hands out their records.
    ///
    /// A record begins only after the one before it is durable, so only the last of a pack can be unfinished. It is cut off when
    /// it has no end. One that has an end is checked to its last byte: power may fail when the end is on disk but not the
    /// middle. A record that passes is written over with the same bytes and synced, because after a failed sync the system
    /// may believe in pages that the disk never got. Call once, before the first writer.
    ///
    /// - Parameter body: Takes each whole record; the index inserts what it lacks. May throw to stop the start.
    @discardableResult
    public func recover(_ body: (PackRecord) async throws -> Void) async throws -> PackSurvey {
        var survey = PackSurvey()
        for id in try await openPacks(&survey) {
            survey.packCount += 1
            try await recover(id, &survey, body)
        }
        try await removeFetchedPacks()
        let files = files
        do throws(BlobStoreError) {
            try await files.sealedPacks.removeUnfinished()
        } catch {
            throw PackError(error)
        }
        try await work {
            // A pack may have been renamed out of `open/` without its new folder being synced. The new name must be
            // durable before the old one is gone for good.
            if try files.disk.exists(files.directory) {
                for entry in try files.disk.list(files.directory) where entry.isDirectory && entry.name.count == 2 {
                    try files.disk.syncDirectory(files.directory + "/" + entry.name)
                }
                try files.disk.syncDirectory(files.directory)
            }
            if try files.disk.exists(files.openDirectory) { try files.disk.syncDirectory(files.openDirectory) }
        }
        for problem in survey.problems {
            logger.warning(
                "start-up recovery found a problem",
                metadata: [
                    LogKeys.packID: "\(problem.packID?.hex ?? "-")", LogKeys.offset: "\(problem.offset)",
                    LogKeys.byteCount: "\(problem.byteCount)", LogKeys.errorCode: "\(problem.kind)",
                ]
            )
        }
        return survey
    }

    private func recover(
        _ id: PackID,
        _ survey: inout PackSurvey,
        _ body: (PackRecord) async throws -> Void
    ) async throws {
        let opened: PackWalker?
        do throws(PackError) {
            opened = try await walker(id, isOpen: true)
        } catch {
            if error.code == .malformedPack, try await putAside(id, &survey) { return }
            // Left where it is: what cannot be read is not cut.
            survey.problems.append(PackProblem(PackProblem.Kind(error), packID: id, offset: error.offset ?? 0))
            return
        }
        guard var walker = opened else { return try await removeHeaderless(id, &survey) }
        var last: PackRecord?
        while true {
            // A pack that cannot be read to its end stays open and uncut: what follows may be sound.
            guard let (records, next) = try await readable(walker, &survey, batch) else {
                if let last { try await hand(last, &survey, body) }
                return
            }
            walker = next
            for record in records {
                if let last { try await hand(last, &survey, body) }
                last = record
            }
            guard records.isEmpty else { continue }
            guard let obstacle = walker.obstacle else { break }
            guard let (goesOn, skipped) = try await readable(walker, &survey, skip) else {
                if let last { try await hand(last, &survey, body) }
                return
            }
            walker = skipped
            guard goesOn else { break }
            survey.problems.append(PackProblem(.damaged, packID: id, offset: obstacle.offset))
        }
        let end = try await settleEnd(of: id, walker: walker, last: &last, &survey)
        if let last { try await hand(last, &survey, body) }
        registry.addClosed(id, length: end > UInt64(PackHeader.length) ? end : 0)
    }

    private func hand(
        _ record: PackRecord,
        _ survey: inout PackSurvey,
        _ body: (PackRecord) async throws -> Void
    ) async throws {
        survey.recordCount += 1
        try await body(record)
    }

    /// Checks the last record, cuts off what follows it, and returns where the pack ends now.
    private func settleEnd(
        of id: PackID,
        walker: PackWalker,
        last: inout PackRecord?,
        _ survey: inout PackSurvey
    ) async throws(PackError) -> UInt64 {
        var end = walker.obstacle?.offset ?? walker.offset
        var isComplete = walker.obstacle?.isComplete ?? false
        if let record = last {
            if try await isSound(record) {
                try await rewrite(record.location)
            } else {
                last = nil
                if walker.obstacle == nil {
                    end = record.location.offset
                    isComplete = true
                } else {
                    // Another record was begun behind it, so it was durable once: damage, not a torn write.
                    survey.problems.append(PackProblem(.damaged, packID: id, offset: record.location.offset))
                }
            }
        }
        let (cut, size) = try await cut(id, at: end, quarantining: isComplete)
        if cut {
            survey.problems.append(
                PackProblem(isComplete ? .quarantined : .tornTail, packID: id, offset: end, byteCount: size - end)
            )
        }
        return end
    }

    private func isSound(_ record: PackRecord) async throws(PackError) -> Bool {
        do throws(PackError) {
            try await verify(record.location, context: record.context)
            return true
        } catch {
            switch error.code {
            case .sealBroken, .malformedPack: return false
            default: throw error
            }
        }
    }

    /// Writes a record over with its own bytes, so that all of them are dirty, and syncs them.
    private func rewrite(_ location: RecordLocation) async throws(PackError) {
        let files = files
        let path = files.openPath(location.packID)
        try await work(location) {
            let file = try files.disk.open(path, .readWrite)
            var offset = location.offset
            let end = try location.offset.adding(location.recordLength)
            while offset < end {
                let bytes = try file.read(at: offset, count: Int(min(end - offset, 1_048_576)))
                guard bytes.readableBytes > 0 else { throw PackError(.malformedPack, packID: location.packID) }
                try file.write(bytes, at: offset)
                offset += UInt64(bytes.readableBytes)
            }
            try file.synchronize()
            try file.close()
        }
    }

    /// Cuts the file at `end`; first copies what is cut into the quarantine folder when it might be more than a torn write.
    private func cut(
        _ id: PackID,
        at end: UInt64,
        quarantining: Bool
    ) async throws(PackError) -> (cut: Bool, size: UInt64) {
        let files = files
        return try await work {
            let file = try files.disk.open(files.openPath(id), .readWrite)
            let size = try file.size()
            guard size > end else { return (cut: false, size: size) }
            if quarantining { try Self.quarantine(file, id, from: end, to: size, files) }
            try file.truncate(to: end)
            try file.synchronize()
            try file.close()
            return (cut: true, size: size)
        }
    }

    private static func quarantine(
        _ file: any DiskFile,
        _ id: PackID,
        from start: UInt64,
        to end: UInt64,
        _ files: PackFiles
    ) throws(DiskError) {
        let path = files.quarantineDirectory + "/" + id.hex + "-" + String(start)
        try files.disk.makeDirectory(files.quarantineDirectory)
        if try files.disk.exists(path) { try files.disk.unlink(path) }
        let copy = try files.disk.open(path, .createNew)
        var offset = start
        while offset < end {
            let bytes = try file.read(at: offset, count: Int(min(end - offset, 1_048_576)))
            guard bytes.readableBytes > 0 else { break }
            try copy.write(bytes, at: offset - start)
            offset += UInt64(bytes.readableBytes)
        }
        try copy.synchronize()
        try copy.close()
        try files.disk.syncDirectory(files.quarantineDirectory)
    }

    /// Moves a pack without a header to the quarantine when power failed before its first record was durable.
    ///
    /// That is so when the header is all zero, or no record ends where the file does. A pack with a damaged header stays in its
    /// place, because its records can still be read.
    private func putAside(_ id: PackID, _ survey: inout PackSurvey) async throws(PackError) -> Bool {
        let files = files
        let size = try await work { () -> UInt64? in
            let file = try files.file(id)
            let size = try file.size()
            let header = try file.read(at: 0, count: PackHeader.length)
            let end = try file.read(at: size - UInt64(RecordTrailer.length), count: RecordTrailer.length)
            guard header.readableBytesView.allSatisfy({ $0 == 0 }) || !Self.isTrailer(end) else { return nil }
            files.forget(id)
            try files.disk.makeDirectory(files.quarantineDirectory)
            try files.disk.rename(files.openPath(id), to: files.quarantineDirectory + "/" + id.hex + "-0")
            try files.disk.syncDirectory(files.quarantineDirectory)
            return size
        }
        guard let size else { return false }
        survey.problems.append(PackProblem(.quarantined, packID: id, byteCount: size))
        return true
    }

    private static func isTrailer(_ bytes: ByteBuffer) -> Bool {
        do {
            _ = try RecordTrailer(decoding: bytes)
            return true
        } catch {
            return false
        }
    }

    /// A pack whose header was cut off holds no record.
    private func removeHeaderless(_ id: PackID, _ survey: inout PackSurvey) async throws(PackError) {
        let files = files
        let size = try await work { () -> UInt64 in
            let size = try files.file(id).size()
            files.forget(id)
            try files.disk.unlink(files.openPath(id))
            return size
        }
        survey.problems.append(PackProblem(.tornTail, packID: id, byteCount: size))
    }
}
