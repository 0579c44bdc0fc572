import DICOMPixels
import Glibc
import Logging
import NIOCore
import NIOPosix
import Platform
import Synchronization

@testable import CodecWorkers

/// A worker whose codec misbehaves on demand; what `cassette codec-worker` is with real ones.
@main
struct CodecWorkerProbe {
    static func main() async {
        guard CodecWorkerProcess.isAsked(by: CommandLine.arguments) else { return await parent() }
        CodecWorkerProcess.run(arguments: CommandLine.arguments, codec: ProbeCodec())
    }

    /// Keeps one worker at work and another without, tells their numbers, and waits to be killed.
    private static func parent() async {
        let pool = CodecWorkerPool(
            executable: "/proc/self/exe",
            count: 2,
            limits: PixelLimits(),
            useLimit: WorkerUse.Limit(),
            workPool: WorkPool(threads: .singleton),
            codec: ProbeCodec(),
            logger: Logger(label: "probe") { _ in SwiftLogNoOpLogHandler() }
        )
        await withDiscardingTaskGroup { group in
            group.addTask { await act(.hang, pool) }
            while pool.state.withLock({ $0.busyProcesses.isEmpty }) { await Task.yield() }
            await act(.copy, pool)
            let processes = pool.state.withLock { $0.busyProcesses + $0.idleProcesses }
            let line = Array((processes.map { String($0) }.joined(separator: " ") + "\n").utf8)
            // The call only reads the bytes.
            _ = unsafe write(STDOUT_FILENO, line, line.count)
        }
    }

    private static func act(_ act: ProbeCodec.Act, _ pool: CodecWorkerPool) async {
        let format = try? PixelFormat(rows: 8, columns: 8, bitsAllocated: 8, photometricInterpretation: .monochrome2)
        guard let format else { return }
        _ = try? await pool.decode(ByteBuffer(bytes: [act.rawValue, 1]), in: ProbeCodec.transferSyntax, as: format)
    }
}
