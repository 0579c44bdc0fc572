import AccessControl
import ArchiveServices
import ArgumentParser
import Platform
import Sealing

extension KeysCommand {
    struct Rewrap: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put the key-encryption key under another root key.",
            discussion: """
                For another provider, or for a new key of the same one: `--key-provider file --key-setting \
                path=/secure/new-root.key`. No stored object is touched. The old root key opens older copies of the \
                keyring still: destroy it when the new one is safe. The server must be stopped.
                """
        )

        @OptionGroup var folder: DataFolderOptions
        @OptionGroup var rootKey: RootKeyOptions

        func run() async throws {
            guard let setting = try rootKey.setting() else {
                throw ValidationError("Name the new root key with --key-provider")
            }
            try await KeyringFiles.withLock(folder) { pool in
                let host = ArchiveHost()
                let known = try RootKeySetting.remembered(besides: folder.rootKeyPath, disk: host.disk)
                let (data, rootKeyPath) = (folder.folder, folder.rootKeyPath)
                guard try data.keyrings.contains(where: { try host.disk.exists($0 + "/keyring") }) else {
                    throw CommandFailure("There is no keyring in \(data.path): `cassette serve` makes one")
                }
                let old = try known.provider(
                    rootKeyPath: rootKeyPath,
                    dataDirectory: data.path,
                    host: host,
                    pool: pool
                )
                let new = try setting.provider(
                    rootKeyPath: rootKeyPath,
                    dataDirectory: data.path,
                    host: host,
                    pool: pool
                )
                do throws(KeyringError) {
                    try await Self.rewrap(from: old, to: new, data, host, pool)
                } catch {
                    throw CommandFailure(error.description)
                }
                // After a stop in between the next start wants the old root key in vain: run this again.
                try setting.remember(besides: rootKeyPath, disk: host.disk)
                Console.say("The key-encryption key is under \(new.identifier)")
                Console.say("Destroy \(old.identifier) when that is safe: it opens older copies of the keyring")
            }
        }

        private static func rewrap(
            from old: any RootKeyProvider,
            to new: any RootKeyProvider,
            _ data: DataFolder,
            _ host: ArchiveHost,
            _ pool: WorkPool
        ) async throws(KeyringError) {
            do throws(KeyringError) {
                try await open(data, old, host, pool).rewrap(with: new)
            } catch {
                guard case .rootKey = error.code else { throw error }
                // This command may have been stopped after the keyring was written: then the new root key opens it.
                do throws(KeyringError) {
                    _ = try await open(data, new, host, pool)
                } catch _ {
                    throw error
                }
            }
        }

        private static func open(
            _ data: DataFolder,
            _ provider: any RootKeyProvider,
            _ host: ArchiveHost,
            _ pool: WorkPool
        ) async throws(KeyringError) -> Keyring {
            try await Keyring.open(
                directories: data.keyrings,
                provider: provider,
                disk: host.disk,
                pool: pool,
                random: host.random,
                clock: host.clock
            )
        }
    }
}
