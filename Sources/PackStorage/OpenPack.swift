import NIOCore
import Platform

/// A pack that a writer appends to: its file, and how far it is written.
///
/// The file is made together with the first write, so that a small record costs one visit to the pool.
struct OpenPack: Sendable {
    let id: PackID
    let header: PackHeader
    var file: (any DiskFile)?
    var extent = PackRegistry.Extent(length: 0, fileLength: 0)
    /// Whether a sync or a cut has failed: then nobody knows what the disk holds behind the durable records.
    private(set) var endIsUncertain = false
    /// When its writer used it last, counted in records.
    var lastUse: UInt64 = 0

    init(header: PackHeader) {
        id = header.packID
        self.header = header
    }

    /// Where the next record begins.
    var nextOffset: UInt64 { max(extent.length, UInt64(PackHeader.length)) }

    /// Writes bytes, making the file first when it is new.
    ///
    /// Blocks.
    mutating func write(_ bytes: ByteBuffer, at offset: UInt64, in files: PackFiles) throws(DiskError) {
        let file = try openFile(in: files)
        // Counted before the write: a write that fails half-way has made the file longer, too.
        extent.fileLength = max(extent.fileLength, offset + UInt64(bytes.readableBytes))
        try file.write(bytes, at: offset)
    }

    /// Lets the medium begin with bytes that were written.
    func startWriteback(at offset: UInt64, count: Int) throws(DiskError) {
        try file?.startWriteback(at: offset, count: count)
    }

    /// Makes everything up to `length` durable, and nothing else part of the pack.
    ///
    /// Blocks.
    mutating func commit(length: UInt64, in files: PackFiles) throws(DiskError) {
        let file = try openFile(in: files)
        if extent.fileLength > length {
            try file.truncate(to: length)
            extent.fileLength = length
        }
        do {
            try file.synchronize()
            if extent.length == 0 { try files.disk.syncDirectory(files.openDirectory) }
        } catch let error {
            endIsUncertain = true
            throw error
        }
        extent.length = length
    }

    /// Cuts an unfinished record off.
    ///
    /// Blocks.
    mutating func cutBack() throws(DiskError) {
        guard extent.fileLength > extent.length, let file else { return }
        try file.truncate(to: extent.length)
        extent.fileLength = extent.length
    }

    /// After a failed write: cuts the rest of it off, so that the whole records can be sealed.
    ///
    /// Blocks.
    ///
    /// Not after a failed sync: then the file is left as it is for start-up recovery.
    mutating func saveWhatIsDurable() {
        guard !endIsUncertain else { return }
        do {
            try cutBack()
        } catch {
            endIsUncertain = true
        }
    }

    private mutating func openFile(in files: PackFiles) throws(DiskError) -> any DiskFile {
        if let file { return file }
        let created: any DiskFile
        do {
            created = try files.disk.open(files.openPath(id), .createNew)
        } catch let error {
            guard error.code == .notFound else { throw error }
            try files.disk.makeDirectory(files.openDirectory)
            created = try files.disk.open(files.openPath(id), .createNew)
        }
        file = created
        return created
    }
}
