import Foundation
import Synchronization

/// A server of another project that keeps blobs, run for a test.
///
/// The programs come from the Python environment that `Tools/setup --for-tests` makes; one that is missing fails the test.
public final class RealServer: Sendable {
    /// Which server.
    public enum Kind: Sendable, Hashable, CaseIterable {
        /// `rclone serve s3` over a folder: knows neither conditional `PUT` nor checksums.
        case rcloneS3
        /// `rclone serve webdav` over a folder.
        case rcloneWebDAV
        /// moto's S3 in memory.
        case moto
    }

    /// Why a server did not start.
    public struct Failure: Error, CustomStringConvertible {
        /// What is missing, or what the server wrote.
        public let description: String
    }

    /// The access key that ``Kind/rcloneS3`` takes, and the user of ``Kind/rcloneWebDAV``.
    public static let user = "cassette"
    /// Its secret or password.
    public static let password = "secret-of-the-tests"
    /// The bucket that ``Kind/rcloneS3`` has; moto has none at first.
    public static let bucket = "packs"

    /// Where it listens: `http://127.0.0.1:port`.
    public let address: String
    /// What it keeps, for a server over a folder.
    public let folder: String
    private let process: Process
    private let input: Pipe
    private let output: Pipe

    /// Starts a server and waits until it listens; end it with ``stop()``.
    public init(_ kind: Kind) async throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("stores-" + UUID().uuidString).path
        try FileManager.default.createDirectory(
            atPath: folder + "/" + Self.bucket,
            withIntermediateDirectories: true
        )
        process = Process()
        input = Pipe()
        output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", Self.script, "-"] + (try Self.command(kind, folder))
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        address = try await Self.start(process, output)
    }

    /// Ends the server and removes what it kept.
    public func stop() {
        // Nobody waits: Foundation sees an end only when all that was inherited is closed. No signal would do, for the
        // threads that start programs block most of them, and so do the programs then.
        try? input.fileHandleForWriting.close()
        output.fileHandleForReading.readabilityHandler = nil
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Runs a test with a server that is ended afterwards.
    public static func with<Result>(_ kind: Kind, _ body: (RealServer) async throws -> Result) async throws -> Result {
        let server = try await RealServer(kind)
        defer { server.stop() }
        return try await body(server)
    }

    /// Runs a program until it is told to end, or until this process ends, however that does: then the pipe closes.
    ///
    /// The pipes of other servers that were inherited are closed first, or they would never close while their servers wait
    /// for each other. A socket is left: by its end Foundation knows that the program has ended.
    private static let script = """
        for file in /proc/self/fd/*; do
            number=${file##*/}
            [ "$number" -gt 2 ] && [[ $(readlink "$file") == pipe:* ]] && eval "exec $number>&-"
        done
        exec 3<&0
        "$@" </dev/null &
        server=$!
        (cat <&3 >/dev/null; kill -9 $server) &
        wait $server
        """

    private static func command(_ kind: Kind, _ folder: String) throws -> [String] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let programs = root + "/.venv/bin/"
        let command =
            switch kind {
            case .rcloneS3:
                [
                    programs + "rclone", "serve", "s3", "--auth-key", user + "," + password, "--addr", "127.0.0.1:0",
                    folder,
                ]
            case .rcloneWebDAV:
                [
                    programs + "rclone", "serve", "webdav", "--user", user, "--pass", password, "--addr", "127.0.0.1:0",
                    folder + "/" + bucket,
                ]
            case .moto:
                [programs + "moto_server", "-H", "127.0.0.1", "-p", "0"]
            }
        guard let program = command.first, FileManager.default.isExecutableFile(atPath: program) else {
            throw Failure(description: "\(command.first ?? "") is missing: run Tools/setup --for-tests")
        }
        return command
    }

    private static func start(_ process: Process, _ output: Pipe) async throws -> String {
        let written = Mutex("")
        let isWaiting = Mutex(true)
        return try await withCheckedThrowingContinuation { continuation in
            output.fileHandleForReading.readabilityHandler = { handle in
                let data = handle.availableData
                let text = written.withLock { text in
                    text = String((text + String(decoding: data, as: UTF8.self)).suffix(4_096))
                    return text
                }
                let address = text.firstMatch(of: /http:\/\/127\.0\.0\.1:[1-9][0-9]*/).map { String($0.output) }
                guard address != nil || data.isEmpty else { return }
                if data.isEmpty { handle.readabilityHandler = nil }
                guard
                    isWaiting.withLock({ value in
                        defer { value = false }
                        return value
                    })
                else { return }
                continuation.resume(with: address.map { .success($0) } ?? .failure(Failure(description: text)))
            }
            do {
                try process.run()
            } catch {
                if isWaiting.withLock({ value in
                    defer { value = false }
                    return value
                }) {
                    continuation.resume(throwing: error)
                }
            }
        }
    }
}
