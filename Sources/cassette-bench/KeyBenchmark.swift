import ArgumentParser
import Glibc
import NIOPosix
import Platform
import Sealing

/// What a keyring of many studies costs: making keys, opening, rotation, removal.
struct KeyBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Make a keyring of many study keys, open it, rotate it while keys are read, remove some.",
        discussion: "One line of JSON: seconds of wall clock and of the processor, and the most memory in MiB."
    )

    @Option(help: "Study keys.")
    var count = 1_000_000
    @Option(help: "A folder for the keyring; what is in it is used again, and stays.")
    var folder = "/tmp/cassette-bench-keys"

    func run() async throws {
        let threads = NIOThreadPool(numberOfThreads: 4)
        threads.start()
        let pool = WorkPool(threads: threads)
        var results: [(String, String)] = [("count", String(count))]
        let (keyring, opening) = try await measured { try await open(pool) }
        results.append(("open", opening))
        let (_, making) = try await measured { try await fill(keyring) }
        results.append(("make", making))
        results.append(("reopen", try await measured { _ = try await open(pool) }.cost))
        let (reads, rotating) = try await measured { try await rotateWhileReading(keyring) }
        results += [("rotate", rotating), ("readsMeanwhile", String(reads))]
        let ids = (0..<100).map { keyring.keyID(for: Self.name($0)) }
        results.append(("remove100", try await measured { try await keyring.removeStudyKeys(ids) }.cost))
        results.append(("check", try await measured { _ = try await keyring.check() }.cost))
        let status = await keyring.status()
        results += [
            ("studyKeys", String(status.studyKeyCount)), ("activeVersion", String(status.activeVersion)),
            ("peakMiB", String(Self.peakMemory)),
        ]
        print("{" + results.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}")
        try await threads.shutdownGracefully()
    }

    private func open(_ pool: WorkPool) async throws -> Keyring {
        let random = SystemRandomSource()
        let disk = PosixDisk()
        try disk.makeDirectory(folder)
        return try await Keyring.open(
            directories: [folder + "/one", folder + "/two"],
            provider: FileRootKeyProvider(
                disk: disk,
                pool: pool,
                path: folder + "/key/root.key",
                random: random,
                refusingUnder: nil
            ),
            disk: disk,
            pool: pool,
            random: random,
            clock: SystemWallClock()
        )
    }

    /// Many ask at a time, so that they share syncs as receiving studies do.
    private func fill(_ keyring: Keyring) async throws {
        let askers = 2_000
        try await withThrowingTaskGroup(of: Void.self) { group in
            for asker in 0..<askers {
                group.addTask { [count] in
                    for number in stride(from: asker, to: count, by: askers) {
                        _ = try await keyring.studyKeyCreatingIfNeeded(keyring.keyID(for: Self.name(number)))
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Rotates; returns how many keys were read meanwhile.
    private func rotateWhileReading(_ keyring: Keyring) async throws -> Int {
        try await withThrowingTaskGroup(of: Int?.self) { group in
            group.addTask {
                try await keyring.rotate()
                return nil
            }
            group.addTask { [count] in
                var reads = 0
                while !Task.isCancelled {
                    guard try keyring.existingStudyKey(keyring.keyID(for: Self.name(reads % max(1, count)))) != nil
                    else {
                        throw ValidationError("A key is missing.")
                    }
                    reads += 1
                    try? await Task.sleep(for: .milliseconds(1))
                }
                return reads
            }
            var reads = 0
            while let result = try await group.next() {
                if let result { reads = result } else { group.cancelAll() }
            }
            return reads
        }
    }

    private static func name(_ number: Int) -> [UInt8] { Array("1.2.840.\(number)".utf8) }

    private func measured<Result>(_ body: () async throws -> Result) async throws -> (result: Result, cost: String) {
        let start = ContinuousClock.now
        let processor = Self.processorSeconds
        let result = try await body()
        let wall = (ContinuousClock.now - start) / .seconds(1)
        let used = Self.processorSeconds - processor
        return (result, "{\"seconds\":\(Self.rounded(wall)),\"processor\":\(Self.rounded(used))}")
    }

    private static func rounded(_ seconds: Double) -> Double { (seconds * 100).rounded() / 100 }

    private static var processorSeconds: Double {
        var usage = rusage()
        // The structure lives for the call only.
        guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        let user = Double(usage.ru_utime.tv_sec) + Double(usage.ru_utime.tv_usec) / 1_000_000
        return user + Double(usage.ru_stime.tv_sec) + Double(usage.ru_stime.tv_usec) / 1_000_000
    }

    private static var peakMemory: Int {
        var usage = rusage()
        // The structure lives for the call only.
        guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        return usage.ru_maxrss / 1_024
    }
}
