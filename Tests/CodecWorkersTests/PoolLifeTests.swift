import DICOMPixels
import Foundation
import Glibc
import NIOCore
import Synchronization
import Testing

@testable import CodecWorkerProbe
@testable import CodecWorkers

extension `Workers` {
    @Suite struct `The life of a pool` {
        /// Waits until something holds, without an opinion on how long that takes.
        private func eventually(_ holds: () -> Bool) async throws {
            while !holds() { try await Task.sleep(for: .milliseconds(2)) }
        }

        private func failure(of act: ProbeCodec.Act, _ test: PoolUnderTest) async -> PixelError? {
            do throws(PixelError) {
                _ = try await test.decode(act)
                return nil
            } catch {
                return error
            }
        }

        /// Processes of ours that are there, be it dead: workers, and what was started as one.
        private var children: Set<Substring> {
            var found: Set<Substring> = []
            for task in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? [] {
                found.formUnion((text("/proc/self/task/\(task)/children")).split(separator: " "))
            }
            return found.filter { ["CodecWorkerProb\n", "false\n"].contains(text("/proc/\($0)/comm")) }
        }

        /// Descriptors that only pools open, whatever other tests do meanwhile: memory with a name of ours, and sockets that
        /// keep the borders of messages.
        private var descriptorCount: Int {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
            return names.count { name in
                let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")
                return link?.contains("cassette-frames") == true || Int32(name).map(keepsBorders) == true
            }
        }

        private func keepsBorders(_ descriptor: Int32) -> Bool {
            var type: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            // Both live for the call, and the length is the size of the first.
            let answer = unsafe getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &length)
            return answer == 0 && type == Int32(SOCK_SEQPACKET.rawValue)
        }

        private func text(_ path: String) -> String {
            (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        }

        @Test func `a kill in the middle of frames costs one of them`() async throws {
            let test = PoolUnderTest(count: 2)
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<40 {
                    group.addTask {
                        do {
                            _ = try await test.decode(index == 20 ? .hang : .copy, side: 512)
                            return true
                        } catch let error as PixelError {
                            #expect(error.code == .workerLost)
                            return false
                        }
                    }
                }
                // The one that hangs is the only one left at work when the other worker waits alone.
                try await eventually { test.busyProcesses.count == 1 && test.idleProcesses.count == 1 }
                for process in test.busyProcesses { kill(process, SIGKILL) }

                var lost = 0
                for try await isWhole in group where !isWhole { lost += 1 }
                #expect(lost == 1)
            }
        }

        @Test func `a task that is cancelled frees its worker, and its place in the queue`() async throws {
            let test = PoolUnderTest()
            _ = try await test.decode(.copy)
            try await withThrowingTaskGroup(of: PixelError?.self) { group in
                for _ in 1...3 { group.addTask { await failure(of: .hang, test) } }
                try await eventually {
                    test.pool.state.withLock { $0.waitingCount } == 2 && test.busyProcesses.count == 1
                }

                group.cancelAll()

                for try await error in group { #expect(error?.code == .timedOut) }
            }
            #expect(try await test.decode(.copy, [3]).first == 3)
        }

        @Test func `more frames than may wait are refused at once`() async throws {
            let test = PoolUnderTest(queueLimit: 1)
            await withTaskGroup(of: Void.self) { group in
                for _ in 1...2 { group.addTask { _ = try? await test.decode(.hang) } }
                try? await eventually {
                    test.pool.state.withLock { $0.waitingCount } == 1 && test.busyProcesses.count == 1
                }

                let error = await #expect(throws: PixelError.self) { try await test.decode(.copy) }

                #expect(error?.code == .timedOut)
                group.cancelAll()
            }
        }

        @Test func `when the service is cancelled, work is given up and every process ends`() async throws {
            let before = children
            let test = PoolUnderTest(count: 2)
            try await withThrowingTaskGroup(of: PixelError?.self) { group in
                for _ in 1...3 { group.addTask { await failure(of: .hang, test) } }
                try await eventually {
                    test.busyProcesses.count == 2 && test.pool.state.withLock { $0.waitingCount } == 1
                }
                await withTaskGroup(of: Void.self) { service in
                    service.addTask { await test.pool.run() }
                    service.cancelAll()
                }

                for try await error in group { #expect(error != nil) }
            }
            #expect(children.subtracting(before).isEmpty)
            let error = await #expect(throws: PixelError.self) { try await test.decode(.copy) }
            #expect(error?.code == .workerLost)
        }

        @Test func `a process that died without work leaves nothing after a sweep`() async throws {
            let test = PoolUnderTest()
            _ = try await test.decode(.copy)
            let process = try #require(test.idleProcesses.first)
            kill(process, SIGKILL)

            try await eventually {
                test.pool.sweep()
                return kill(process, 0) == -1 && errno == ESRCH
            }

            #expect(test.idleProcesses.isEmpty)
        }

        @Test func `a thousand frames and a dozen failures leave no process and no descriptor`() async throws {
            let children = children
            let descriptors = descriptorCount
            do {
                let test = PoolUnderTest(count: 2, useLimit: WorkerUse.Limit(frameCount: 300), queueLimit: 1_000)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for index in 0..<1_000 {
                        group.addTask {
                            guard index % 100 == 50 else {
                                _ = try await test.decode(.copy, side: 64)
                                return
                            }
                            _ = try? await test.decode(index % 200 == 50 ? .trap : .openSocket)
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(descriptorCount == descriptors + 2 * test.idleProcesses.count)
                let broken = PoolUnderTest(executable: "/bin/false")
                for _ in 1...3 { _ = try? await broken.decode(.copy) }
            }

            #expect(descriptorCount == descriptors)
            #expect(self.children.subtracting(children).isEmpty)
        }

        @Test func `a worker that cannot be given its descriptors leaves none`() {
            let before = descriptorCount
            var pair: [Int32] = [-1, -1]
            // The call fills the two.
            #expect(unsafe socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &pair) == 0)
            #expect(descriptorCount == before + 2)

            #expect(throws: WorkerStartError.self) {
                try CodecWorker.spawn("/bin/false", CodecWorkerProcess.command, 1 << 30, control: pair[0], memory: -1)
            }

            for descriptor in pair { close(descriptor) }
            #expect(descriptorCount == before)
        }

        @Test func `no worker outlives a parent that is killed, not even one at work`() async throws {
            let parent = Process()
            let output = Pipe()
            parent.executableURL = URL(fileURLWithPath: PoolUnderTest.probe)
            parent.arguments = ["parent"]
            parent.standardOutput = output
            try parent.run()
            var line = ""
            while !line.hasSuffix("\n") {
                line += String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
            }
            let workers = line.split(separator: " ").compactMap { Int($0.filter(\.isNumber)) }
            #expect(workers.count == 2)

            kill(parent.processIdentifier, SIGKILL)
            parent.waitUntilExit()

            for worker in workers {
                // Whoever adopts the process may leave it a while, but dead.
                try await eventually {
                    let status = try? String(contentsOfFile: "/proc/\(worker)/stat", encoding: .utf8)
                    return status.map { $0.contains(") Z ") || $0.contains(") X ") } ?? true
                }
            }
        }
    }
}
