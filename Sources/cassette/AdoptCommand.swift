import AccessControl
import ArchiveCatalog
import ArchiveServices
import ArgumentParser
import DICOMCore
import NIOPosix
import Platform

/// Another archive's folder taken over, with proof that all of it is here.
struct AdoptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt",
        abstract: "Take over the folder of another archive, and prove that all of it is stored here.",
        discussion: """
            Every DICOM object is stored like any other, read back, and compared with its file; nothing in the folder is \
            changed. With --orthanc the folder is the storage of Orthanc (better not running): compressed attachments are \
            unwrapped, other kinds of attachments are left out. With --ledger an interrupted adoption goes on where it \
            stopped. Exit code 1 when an object was refused or differs.
            """
    )

    @OptionGroup var folder: DataFolderOptions
    @OptionGroup var text: CharacterSetOptions
    @Flag(help: "The folder is Orthanc's storage: attachments named by a UUID in two levels of folders.")
    var orthanc = false
    @Option(help: "A file that remembers what was compared already.")
    var ledger: String?
    @Flag(help: "Print JSON.")
    var json = false
    @Argument(help: "The folder of the other archive.")
    var source: String

    func run() async throws {
        let walk = try FileWalk([source])
        let threads = NIOThreadPool(numberOfThreads: 4)
        threads.start()
        let pool = WorkPool(threads: threads)
        let looking = SharedProgress(ProgressBar("Looking"))
        let survey = try await AdoptionSurvey(walk.files, isOrthanc: orthanc, disk: PosixDisk(), pool: pool) { number in
            looking.update(done: number, of: walk.files.count)
        }
        looking.finish()
        var report = AdoptionReport()
        report.files = walk.files.count
        report.dicom = survey.objects.count
        report.headerCopies = survey.headerCopies.count
        report.others = survey.others.count
        report.bytes = survey.objects.reduce(0) { $0 &+ $1.length }
        report.refused = survey.unreadable + walk.refused
        let book = try AdoptionLedger(ledger)
        let waiting = survey.objects.filter { !book.done.contains(AdoptionLedger.line($0)) }
        report.skipped = survey.objects.count - waiting.count
        let begun = report
        report = try await ArchiveAccess.withOpen(folder, characterSet: text.setting()) { access in
            try await Adopter(access: access, disk: PosixDisk(), pool: pool).run(waiting, begun, book)
        }
        try await threads.shutdownGracefully()
        if json {
            Console.say(report.json)
        } else {
            for (path, reason) in report.refused { Console.complain("\(path): \(reason)") }
            for uid in report.different {
                Console.complain("\(uid): the bytes stored here are not those of the source")
            }
            Console.say(report.text)
        }
        guard report.isComplete else { throw ExitCode.failure }
    }
}

/// Stores objects and reads them back, several at a time.
struct Adopter: Sendable {
    private static let width = 4

    private struct Done: Sendable {
        let file: AdoptedFile
        let outcome: Outcome
    }

    private enum Outcome: Sendable {
        case equal(wasThere: Bool)
        case different(String)
        case refused(String)
    }

    let access: ArchiveAccess
    let disk: any Disk
    let pool: WorkPool

    func run(_ files: [AdoptedFile], _ begun: AdoptionReport, _ ledger: AdoptionLedger) async throws -> AdoptionReport {
        var report = begun
        var bar = ProgressBar("Adopting")
        var count = 0
        try await withThrowingTaskGroup(of: Done.self) { group in
            var waiting = files[...]
            for _ in 0..<Self.width { if let next = waiting.popFirst() { group.addTask { try await adopt(next) } } }
            while let done = try await group.next() {
                if let next = waiting.popFirst() { group.addTask { try await adopt(next) } }
                count += 1
                switch done.outcome {
                case .equal(let wasThere):
                    if wasThere { report.alreadyStored += 1 } else { report.stored += 1 }
                    report.equal += 1
                    try ledger.note(done.file)
                case .different(let uid): report.different.append(uid)
                case .refused(let reason): report.refused.append((done.file.path, reason))
                }
                bar.update(done: count, of: files.count)
            }
        }
        bar.finish()
        report.refused.sort { $0.path < $1.path }
        report.different.sort()
        return report
    }

    private func adopt(_ file: AdoptedFile) async throws -> Done {
        let digest: [UInt8]
        do {
            digest = try await file.dataSetDigest(disk: disk, pool: pool)
        } catch {
            return Done(file: file, outcome: .refused("cannot be read: \(error)"))
        }
        return try await adopt(file, digest)
    }

    private func adopt(_ file: AdoptedFile, _ digest: [UInt8]) async throws -> Done {
        let chunks = file.chunks(disk: disk, pool: pool)
        switch access {
        case .local(let open, _):
            let session = try open.archive.ingest.openSession(for: Principal(.administrator))
            let outcome = await session.store(IncomingObject(form: .part10), body: chunks)
            await session.close()
            switch outcome {
            case .stored(let identification):
                return try await compare(file, digest, identification.path.sopInstanceUID, wasThere: false)
            case .alreadyStored(let identification):
                return try await compare(file, digest, identification.path.sopInstanceUID, wasThere: true)
            case .refused(let refusal): return Done(file: file, outcome: .refused(refusal.description))
            }
        case .remote(let archive):
            if let reason = try await archive.store(chunks, length: file.length) {
                return Done(file: file, outcome: .refused(reason))
            }
            guard let uid = file.sopInstanceUID else {
                return Done(file: file, outcome: .refused("stored, but not compared: it has no File Meta Information"))
            }
            return try await compare(file, digest, uid, wasThere: false)
        }
    }

    /// Reads the object back from its pack.
    private func compare(
        _ file: AdoptedFile,
        _ expected: [UInt8],
        _ uid: UID,
        wasThere: Bool
    ) async throws -> Done {
        let found: [UInt8]?
        switch access {
        case .local(let open, _):
            found = try await open.archive.verification.dataSetDigest(of: uid, as: Principal(.administrator))
        case .remote(let archive): found = try await archive.dataSetDigest(of: uid)
        }
        return Done(file: file, outcome: found == expected ? .equal(wasThere: wasThere) : .different(uid.string))
    }
}
