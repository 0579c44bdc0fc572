import ArchiveServices
import DICOMCore
import Logging
import Platform

/// The archive that a command works on: opened here, or the server that has it open.
enum ArchiveAccess: Sendable {
    /// No server runs on the folder; this process holds its lock.
    case local(OpenArchive, FolderLock)
    /// A server runs on the folder.
    case remote(RemoteArchive)

    /// Opens the folder, or finds the server that has it open; lets go of it on every way out.
    static func withOpen<Result>(
        _ options: DataFolderOptions,
        characterSet: CharacterSetSetting? = nil,
        codecs: CodecProcesses? = nil,
        _ body: (ArchiveAccess) async throws -> Result
    ) async throws -> Result {
        let access = try await open(options, characterSet, codecs, logger: .quiet)
        do {
            let result = try await body(access)
            try await access.close()
            return result
        } catch {
            try? await access.close()
            throw error
        }
    }

    private static func open(
        _ options: DataFolderOptions,
        _ characterSet: CharacterSetSetting?,
        _ codecs: CodecProcesses?,
        logger: Logger
    ) async throws -> ArchiveAccess {
        let folder = options.folder
        let disk = PosixDisk()
        guard try disk.exists(folder.path) else {
            throw CommandFailure(
                "There is no archive in \(folder.path): start one with `cassette serve`, or name it with --data"
            )
        }
        if let lock = try FolderLock(at: folder.lock) {
            let settings = try LocalSettings(options)
            let open = try await OpenArchive.open(
                folder,
                rootKeyPath: options.rootKeyPath,
                characterSet: characterSet ?? settings.characterSet,
                storage: settings.storage,
                codecs: codecs,
                limits: settings.limits,
                logger: logger
            )
            return .local(open, lock)
        }
        let announced = try SmallFile(path: folder.lock, disk: disk).read() ?? ""
        guard announced.hasPrefix("http") else {
            throw CommandFailure("Another cassette command works on \(folder.path): wait until it has ended")
        }
        let token = try AdministratorToken.readOrMake(folder, disk: disk).token
        return .remote(RemoteArchive(address: String(announced.prefix { !$0.isWhitespace }), token: token))
    }

    /// Lets go of the archive.
    private func close() async throws {
        switch self {
        case .local(let archive, let lock):
            try await archive.close()
            withExtendedLifetime(lock) {}
        case .remote(let archive):
            try await archive.close()
        }
    }
}
