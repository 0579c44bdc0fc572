import NIOCore
import Platform

extension PackStore {
    /// Looks whether a record lies where its location says, whole and with the right ids and lengths; opens nothing.
    ///
    /// Two small reads of the data folder; of a pack that lies elsewhere only, a question to its store.
    ///
    /// - Throws: `.packNotFound`, `.malformedPack`, `.disk`, …
    public func confirm(_ location: RecordLocation) async throws(PackError) {
        let files = files
        try await wherever(location, onlyIfMissing: true) { () async throws(PackError) in
            try await work(location) {
                guard try files.isThere(location.packID) else {
                    throw PackError(.packNotFound, packID: location.packID, offset: location.offset)
                }
                try Self.confirm(location, in: files.file(location.packID))
            }
        } elsewhere: { pack in
            let end = try location.offset.adding(location.recordLength)
            let size = try await pack.store.status(location.packID.blobKey(in: pack.name))?.size
            guard let size else { throw PackError(.packNotFound, packID: location.packID) }
            guard size == pack.length, end <= size else {
                throw PackError(.malformedPack, packID: location.packID, offset: location.offset)
            }
        }
    }

    /// The stores in which a pack lies and can be read, the data folder first.
    public func stores(of pack: PackID) async throws(PackError) -> [StoreName] {
        let files = files
        let isHere = try await work { try files.isThere(pack) }
        let others = try await tiers?.readable(pack).map(\.name) ?? []
        return (isHere ? [.hot] : []) + others
    }

    private static func confirm(_ location: RecordLocation, in file: any DiskFile) throws {
        let header = try RecordHeader(decoding: file.read(at: location.offset, count: RecordHeader.length))
        let end = try location.offset.adding(location.recordLength)
        guard header.recordID == location.recordID, location.recordLength > UInt64(RecordTrailer.length) else {
            throw PackError(.malformedPack, packID: location.packID, offset: location.offset)
        }
        let length = UInt64(RecordTrailer.length)
        let trailer = try RecordTrailer(decoding: file.read(at: end - length, count: RecordTrailer.length))
        let expected = RecordTrailer(
            payloadLength: location.payloadLength,
            manifestLength: location.manifestLength,
            recordLength: location.recordLength
        )
        guard trailer == expected else {
            throw PackError(.malformedPack, packID: location.packID, offset: location.offset)
        }
    }
}

extension PackFiles {
    /// Whether the data folder has the pack; a file that is open counts only while it has a name.
    ///
    /// Open ones first: a pack goes one way.
    func isThere(_ id: PackID) throws(DiskError) -> Bool {
        if try disk.exists(openPath(id)) { return true }
        return try disk.exists(sealedPath(id))
    }

    /// The file of a sealed pack.
    func sealedPath(_ id: PackID) -> String { directory + "/" + id.blobKey.text }
}
