import ArgumentParser
import DICOMCoding
import DICOMCore
import DIMSE
import NIOCore
import NIOPosix
import Platform

/// Files to a DICOM peer.
struct SendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Send DICOM files and folders to a DICOM peer (C-STORE).",
        discussion: "Each file goes in the Transfer Syntax that it has. Exit code 1 when the peer refused one."
    )

    /// Presentation contexts that one association can propose (PS3.8 9.3.2.2: odd identifiers up to 255).
    private static let contextLimit = 128

    @OptionGroup var peer: PeerOptions
    @Flag(help: "Print JSON.")
    var json = false
    @Argument(help: "Files and folders.")
    var paths: [String]

    func validate() throws {
        guard !paths.isEmpty else { throw ValidationError("Name at least one file or folder to send") }
    }

    func run() async throws {
        // Before there are threads: a path that is not there ends the command here.
        let walk = try FileWalk(paths)
        let disk = PosixDisk()
        let threads = NIOThreadPool(numberOfThreads: 2)
        threads.start()
        let pool = WorkPool(threads: threads)
        var report = ImportReport()
        report.refused = walk.refused
        var objects: [OutgoingObject] = []
        for path in walk.files {
            do {
                objects.append(try await OutgoingObject.read(path, disk: disk, pool: pool))
            } catch let error as DataSetError where error.code == .notDICOM && !paths.contains(path) {
                report.skipped.append(path)
            } catch {
                report.refused.append((path, "\(error)"))
            }
        }
        // Files of one kind one after the other: each association proposes what its files need.
        objects.sort { ($0.sopClassUID, $0.transferSyntax.uid) < ($1.sopClassUID, $1.transferSyntax.uid) }
        var bar = ProgressBar("Sending")
        for batch in Self.batches(objects) {
            try await send(batch, of: objects.count, disk, pool, &bar, &report)
        }
        bar.finish()
        try await threads.shutdownGracefully()
        print(report)
        guard report.refused.isEmpty else { throw ExitCode.failure }
    }

    private func send(
        _ batch: [OutgoingObject],
        of total: Int,
        _ disk: PosixDisk,
        _ pool: WorkPool,
        _ bar: inout ProgressBar,
        _ report: inout ImportReport
    ) async throws {
        let kinds = Set(batch.map(\.kind))
        let client = try await peer.connect(kinds.map { ($0.sopClassUID, [$0.transferSyntax]) })
        for object in batch {
            do {
                let file = try await pool.run { try disk.open(object.path, .read) }
                let status = try await client.store(
                    sopClassUID: object.sopClassUID,
                    sopInstanceUID: object.sopInstanceUID,
                    transferSyntax: object.transferSyntax,
                    body: FileChunks(file: file, pool: pool, offset: object.dataSetOffset)
                )
                try file.close()
                if status == .success {
                    report.stored += 1
                } else {
                    report.refused.append((object.path, "the peer answered \(status)"))
                }
            } catch let error as DIMSEError where error.code == .noPresentationContext {
                report.refused.append((object.path, "the peer accepts no such object: \(error)"))
            }
            bar.update(done: report.stored + report.refused.count, of: total)
        }
        _ = await client.release()
    }

    private static func batches(_ objects: [OutgoingObject]) -> [[OutgoingObject]] {
        var batches: [[OutgoingObject]] = []
        var kinds: Set<OutgoingObject.Kind> = []
        for object in objects {
            if batches.isEmpty || (!kinds.contains(object.kind) && kinds.count == contextLimit) {
                batches.append([])
                kinds = []
            }
            kinds.insert(object.kind)
            batches[batches.count - 1].append(object)
        }
        return batches
    }

    private func print(_ report: ImportReport) {
        if json { return Console.say(report.json) }
        for (path, reason) in report.refused { Console.complain("\(path): \(reason)") }
        Console.say(
            "\(report.stored) sent, \(report.skipped.count) skipped as no DICOM, \(report.refused.count) refused"
        )
    }
}

/// A file about to be sent.
struct OutgoingObject: Sendable {
    struct Kind: Hashable {
        let sopClassUID: UID
        let transferSyntax: TransferSyntax
    }

    let path: String
    let sopClassUID: UID
    let sopInstanceUID: UID
    let transferSyntax: TransferSyntax
    let dataSetOffset: UInt64

    var kind: Kind { Kind(sopClassUID: sopClassUID, transferSyntax: transferSyntax) }

    /// Reads what a C-STORE-RQ needs from the beginning of a file.
    static func read(_ path: String, disk: PosixDisk, pool: WorkPool) async throws -> OutgoingObject {
        let file = try await pool.run { try disk.open(path, .read) }
        defer { try? file.close() }
        var decoder = Part10Decoder()
        var scanner: InstanceScanner?
        for try await chunk in FileChunks(file: file, pool: pool) {
            let rest = scanner == nil ? try decoder.read(chunk) : chunk
            if scanner == nil, let header = decoder.header {
                scanner = InstanceScanner(transferSyntax: header.transferSyntax)
            }
            if let rest { try scanner?.scan(rest) }
            if scanner?.identity != nil { break }
        }
        if scanner == nil {
            let rest = try decoder.finish()
            if let header = decoder.header { scanner = InstanceScanner(transferSyntax: header.transferSyntax) }
            if let rest { try scanner?.scan(rest) }
        }
        let identity = try scanner?.identity ?? scanner?.finish().identity
        guard let identity, let header = decoder.header else { throw DataSetError(.notDICOM, at: 0) }
        return OutgoingObject(
            path: path,
            sopClassUID: identity.sopClassUID,
            sopInstanceUID: identity.sopInstanceUID,
            transferSyntax: header.transferSyntax,
            dataSetOffset: header.dataSetOffset
        )
    }
}
