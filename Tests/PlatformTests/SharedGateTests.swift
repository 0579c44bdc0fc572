import Synchronization
import Testing

@testable import Platform

@Suite struct `A gate for many or one` {
    private struct Seen {
        var inside = 0
        var most = 0
        var insideWhenAlone = 0
        var done = 0
    }

    /// Shared by tasks.
    private final class Sight: Sendable {
        let seen = Mutex(Seen())
    }

    @Test func `who is alone sees nobody inside, and many are inside at once`() async {
        let gate = SharedGate()
        let sight = Sight()
        await withTaskGroup { group in
            for number in 0..<200 {
                group.addTask {
                    if number.isMultiple(of: 20) {
                        await gate.alone {
                            for _ in 0..<5 {
                                sight.seen.withLock { $0.insideWhenAlone += $0.inside }
                                await Task.yield()
                            }
                            sight.seen.withLock { $0.done += 1 }
                        }
                    } else {
                        await gate.together {
                            sight.seen.withLock {
                                $0.inside += 1
                                $0.most = max($0.most, $0.inside)
                            }
                            for _ in 0..<5 { await Task.yield() }
                            sight.seen.withLock {
                                $0.inside -= 1
                                $0.done += 1
                            }
                        }
                    }
                }
            }
        }
        let seen = sight.seen.withLock { $0 }
        #expect(seen.insideWhenAlone == 0 && seen.done == 200 && seen.most > 1)
    }

    @Test func `an error lets the next one in`() async throws {
        struct Refused: Error {}
        let gate = SharedGate()
        await #expect(throws: Refused.self) { try await gate.alone { throw Refused() } }
        await #expect(throws: Refused.self) { try await gate.together { throw Refused() } }
        #expect(await gate.alone { await gate.withNobody() })
        #expect(await gate.together { true })
    }
}

extension SharedGate {
    /// Something that awaits, so that the gate is held across a suspension.
    fileprivate func withNobody() async -> Bool {
        await Task.yield()
        return true
    }
}
