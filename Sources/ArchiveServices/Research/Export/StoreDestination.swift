import NIOCore
public import PackStorage
public import Platform
import Synchronization

/// A part of a store of blobs: objects under `objects/`, and for each export a folder of documents, in it the manifest last.
///
/// Blobs are never replaced: the name of an object ends with the beginning of its digest, so that an object that has changed
/// has another name, and one that has not is not sent again. What no manifest names does not belong to any export.
public final class StoreDestination: ExportDestination {
    private let store: any BlobStore
    private let spool: ExportSpool
    private let id = Mutex<RandomID?>(nil)

    /// Takes the part of a store that holds exports only.
    public init(_ store: any BlobStore, spool: ExportSpool) {
        self.store = store
        self.spool = spool
    }

    /// The key of an object: small letters, as stores have them, and the beginning of the digest.
    public func path(of name: ExportName, _ content: ExportContent) -> String {
        let text = name.text.lowercased()
        let stem = text.hasSuffix(".dcm") ? String(text.dropLast(4)) : text
        return "objects/" + stem + "." + Hex.encode(content.sha256.prefix(8)) + ".dcm"
    }

    /// Nothing has to be made; asks whether the store answers.
    public func begin(_ id: RandomID, at position: UInt64?) async throws {
        self.id.withLock { $0 = id }
        guard let key = BlobKey("exports/" + id.hex + "/manifest.csv") else { return }
        try await answer { store throws(BlobStoreError) in _ = try await store.status(key) }
    }

    /// Stores an object that is not there.
    public func put(_ object: ExportObject) async throws -> ExportPlacement {
        try await put(path(of: object.name, object.content), object.content)
    }

    private func put(_ path: String, _ content: ExportContent) async throws -> ExportPlacement {
        guard let key = BlobKey(path) else {
            throw ExportError(.badDestination, "The prefix of the store leaves no room for names: choose a shorter one")
        }
        if try await holds(key, content) { return .present }
        let source: BlobSource
        if let bytes = content.bytes {
            source = BlobSource(length: content.length, sha256: content.sha256) { range throws(BlobStoreError) in
                bytes.getSlice(at: bytes.readerIndex + Int(range.lowerBound), length: range.count) ?? ByteBuffer()
            }
        } else {
            let file = try await spool.file(content)
            source = BlobSource(file, length: content.length, sha256: content.sha256, pool: spool.pool)
        }
        do {
            try await store.put(key, source)
            return .sent
        } catch {
            guard error.code == .exists, try await holds(key, content) else { throw ExportError(error) }
            return .present
        }
    }

    /// Whether the blob is there with these bytes.
    private func holds(_ key: BlobKey, _ content: ExportContent) async throws -> Bool {
        let status: BlobStatus?
        do throws(BlobStoreError) {
            status = try await store.status(key)
        } catch {
            throw ExportError(error)
        }
        guard let status else { return false }
        var isSame = status.size == content.length
        if isSame, let sha256 = status.sha256 {
            isSame = sha256 == content.sha256
        } else if isSame {
            do throws(BlobStoreError) {
                let blob = BlobSource(key, in: store, length: content.length, sha256: content.sha256)
                isSame = try await blob.isWhole()
            } catch {
                throw ExportError(error)
            }
        }
        guard isSame else {
            throw ExportError(
                .badDestination,
                "The store holds something else under a name of this export: choose another prefix"
            )
        }
        return true
    }

    /// Each blob is durable when it is there.
    public func settle() async throws -> UInt64 { 0 }

    /// Stores the documents, the manifest last: with it the export is there.
    public func finish(
        _ documents: [ExportDocument],
        files: ExportedFiles
    ) async throws {
        let isManifest = { (document: ExportDocument) in document.name.text == ExportJournal.manifestName }
        let id = id.withLock { $0?.hex ?? "" }
        for document in documents.filter({ !isManifest($0) }) + documents.filter(isManifest) {
            _ = try await put("exports/" + id + "/" + document.name.text, document.content)
        }
    }

    /// Leaves what is there: no manifest names it, and the next export finds it.
    public func abandon(_ id: RandomID) async throws {}

    private func answer<Answer>(
        _ body: (any BlobStore) async throws(BlobStoreError) -> Answer
    ) async throws -> Answer {
        do throws(BlobStoreError) {
            return try await body(store)
        } catch {
            throw ExportError(error)
        }
    }
}
