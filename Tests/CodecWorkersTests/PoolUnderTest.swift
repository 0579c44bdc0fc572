import DICOMCore
import DICOMPixels
import Foundation
import Logging
import NIOCore
import Platform
import Synchronization
import TestKit

@testable import CodecWorkerProbe
@testable import CodecWorkers

/// A pool whose workers are the probe: processes of their own, confined as real ones are.
struct PoolUnderTest {
    let pool: CodecWorkerPool
    private let threads: WorkPool

    /// Where the build has put the probe: beside the program that runs the tests.
    static let probe: String = {
        let tests = URL(fileURLWithPath: CommandLine.arguments[0])
        return tests.deletingLastPathComponent().appendingPathComponent("CodecWorkerProbe").path
    }()

    init(
        executable: String = PoolUnderTest.probe,
        count: Int = 1,
        time: Duration = .seconds(60),
        memory: Int = 1 << 30,
        useLimit: WorkerUse.Limit = WorkerUse.Limit(),
        queueLimit: Int = 64
    ) {
        threads = TestPool.shared
        pool = CodecWorkerPool(
            executable: executable,
            count: count,
            limits: PixelLimits(frameLength: 64 << 20, time: time, workerMemory: memory),
            useLimit: useLimit,
            queueLimit: queueLimit,
            workPool: threads,
            codec: ProbeCodec(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    /// A square frame of 16 bits.
    static func format(_ side: Int = 8) throws -> PixelFormat {
        try PixelFormat(rows: side, columns: side, bitsAllocated: 16, photometricInterpretation: .monochrome2)
    }

    /// Lets a worker act on a frame.
    func decode(_ act: ProbeCodec.Act, _ payload: [UInt8] = [1, 2], side: Int = 8) async throws(PixelError) -> [UInt8] {
        var bytes = ByteBuffer(integer: act.rawValue)
        bytes.writeBytes(payload)
        let format: PixelFormat
        do { format = try Self.format(side) } catch { throw PixelError(.badDescription) }
        let frame = try await pool.decode(bytes, in: ProbeCodec.transferSyntax, as: format)
        return Array(frame.bytes.readableBytesView)
    }

    /// The processes that wait for work.
    var idleProcesses: [pid_t] { pool.state.withLock { $0.idleProcesses } }

    /// Whether those who wait for work are there.
    var idleProcessesAreAlive: Bool { pool.state.withLock { $0.idleWorkersAreAlive } }

    /// The processes at work.
    var busyProcesses: [pid_t] { pool.state.withLock { $0.busyProcesses } }
}
