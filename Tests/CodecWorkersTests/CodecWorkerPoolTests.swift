import DICOMCore
import DICOMPixels
import Glibc
import Logging
import NIOCore
import Synchronization
import TestKit
import Testing

@testable import CodecWorkerProbe
@testable import CodecWorkers

/// One at a time: they count the processes that there are.
@Suite(.serialized, .timeLimit(.minutes(2))) enum `Workers` {}

extension `Workers` {
    @Suite struct `Frames through workers` {
        @Test func `a frame is decoded and encoded`() async throws {
            let test = PoolUnderTest()

            #expect(
                try await test.decode(.copy, [1, 2, 3, 4]) == Array(repeating: [1, 2, 3, 4], count: 32).flatMap { $0 }
            )
            let frame = try PixelFrame(PoolUnderTest.format(), ByteBuffer(bytes: 0..<128))
            let encoded = try await test.pool.encode(frame, in: ProbeCodec.transferSyntax, options: EncodingOptions())
            #expect(Array(encoded.readableBytesView) == [0] + (0..<128))
        }

        @Test func `frames grow and shrink, and each is its own`() async throws {
            let test = PoolUnderTest()

            for side in [8, 2_000, 1, 512, 3_000, 8] {
                let payload = [UInt8(side & 0xFF), UInt8(side >> 8)]
                let bytes = try await test.decode(.copy, payload, side: side)
                #expect(bytes.count == 2 * side * side)
                #expect(Array(bytes.suffix(2)) == payload)
            }
        }

        @Test func `what the codec says against a frame is told, and the worker goes on`() async throws {
            let test = PoolUnderTest()
            _ = try await test.decode(.copy)
            let process = test.idleProcesses

            let error = await #expect(throws: PixelError.self) { try await test.decode(.refuse) }

            #expect(error == PixelError(.malformed, "line?feed ?[31m", tag: .rows))
            #expect(test.idleProcesses == process)
        }

        @Test func `frames beyond the limit are refused before a worker hears of them`() async throws {
            let test = PoolUnderTest()

            await #expect(throws: PixelError.self) { try await test.decode(.copy, side: 6_000) }
            await #expect(throws: PixelError.self) {
                try await test.decode(.copy, Array(repeating: 0, count: 64 << 20))
            }
            #expect(test.idleProcesses.isEmpty)
        }

        @Test(arguments: [
            ProbeCodec.Act.trap, .hog, .openSocket, .fork, .shrinkMemory, .mapExecutable, .signalParent,
            .lieAboutLength,
            .sayNonsense,
        ])
        func `a worker that crashes, takes too much or does what it must not costs one frame`(
            _ act: ProbeCodec.Act
        ) async throws {
            let test = PoolUnderTest(memory: 256 << 20)
            _ = try await test.decode(.copy)
            let process = try #require(test.idleProcesses.first)

            let error = await #expect(throws: PixelError.self) { try await test.decode(act) }

            #expect(error?.code == .workerLost)
            #expect(test.idleProcesses.isEmpty)
            #expect(kill(process, 0) == -1 && errno == ESRCH)
            #expect(try await test.decode(.copy, [5]).first == 5)
        }

        @Test func `a worker that hangs is killed at the deadline`() async throws {
            let test = PoolUnderTest(time: .milliseconds(100))
            let start = ContinuousClock.now

            let error = await #expect(throws: PixelError.self) { try await test.decode(.hang) }

            #expect(error?.code == .timedOut)
            #expect(start.duration(to: .now) < .seconds(20))
            #expect(try await test.decode(.copy, [5]).first == 5)
        }

        @Test func `a result of another length than the frame's is refused`() async throws {
            let test = PoolUnderTest()

            let error = await #expect(throws: PixelError.self) { try await test.decode(.shorten) }

            #expect(error?.code == .mismatch)
        }

        @Test func `a worker inherits its two descriptors, no environment, and opens nothing`() async throws {
            let test = PoolUnderTest()

            let descriptors = try await test.decode(.listDescriptors).prefix(64)
            // 1 and 2 are there for writing only; see `/dev/null` in `cassette_spawn_worker`.
            #expect(Array(descriptors) == [1, 0, 0, 1, 1] + Array(repeating: 0, count: 59))
            #expect(try await test.decode(.countEnvironment).first == 0)
            #expect(try await test.decode(.openFile).first == 0)
        }

        @Test func `a worker that was killed while it had nothing to do costs no frame`() async throws {
            let test = PoolUnderTest()
            _ = try await test.decode(.copy)
            kill(try #require(test.idleProcesses.first), SIGKILL)
            while test.idleProcessesAreAlive { await Task.yield() }

            #expect(try await test.decode(.copy, [9]).first == 9)
        }

        @Test func `a worker is replaced after its share of frames`() async throws {
            let test = PoolUnderTest(useLimit: WorkerUse.Limit(frameCount: 3))
            var processes: Set<pid_t> = []

            for _ in 1...7 {
                _ = try await test.decode(.copy)
                processes.formUnion(test.idleProcesses)
            }

            #expect(processes.count == 3)
        }

        @Test func `memory that the archive itself has had does not count against a worker`() async throws {
            // Touched, so that it is resident.
            let ballast = [UInt8](repeating: 1, count: 192 << 20)
            let test = PoolUnderTest(useLimit: WorkerUse.Limit(peakMemory: 160 << 20))

            _ = try await test.decode(.copy, Array(ballast.prefix(2)))
            let process = test.idleProcesses
            _ = try await test.decode(.copy)

            #expect(process.count == 1)
            #expect(test.idleProcesses == process)
        }

        @Test func `a program that does not start is tried again with more and more time between`() async throws {
            for executable in ["/bin/false", "/nonexistent", "/bin/cat"] {
                let test = PoolUnderTest(executable: executable)

                // The pauses grow: however slow this machine is, some call comes before the end of one.
                var callCount = 0
                var last: PixelError?
                while callCount < 12, last?.detail.contains("tried again") != true {
                    last = await #expect(throws: PixelError.self) { try await test.decode(.copy) }
                    #expect(last?.code == .workerLost)
                    callCount += 1
                }

                #expect(last?.detail.contains("tried again") == true)
                let failureCount = test.pool.state.withLock { $0.backOff.failureCount }
                #expect(failureCount == callCount - 1)
            }
        }

        @Test func `native frames and RLE need no worker`() async throws {
            let pool = CodecWorkerPool(
                executable: "/nonexistent",
                count: 1,
                limits: PixelLimits(),
                workPool: TestPool.shared,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            let frame = try PixelFrame(PoolUnderTest.format(), ByteBuffer(bytes: 0..<128))

            let encoded = try await pool.encode(frame, in: .rleLossless, options: EncodingOptions())

            #expect(try await pool.decode(encoded, in: .rleLossless, as: frame.format) == frame)
            let unknown = TransferSyntax(uid: UID(literal: "1.2.3"))
            let error = await #expect(throws: PixelError.self) {
                try await pool.decode(encoded, in: unknown, as: frame.format)
            }
            #expect(error?.code == .unsupported)
        }
    }
}
