import DICOMCore
import DICOMPixels
import NIOCore
import Platform
import Synchronization
import Testing

@testable import ArchiveServices

@Suite struct `Keeping frames that were made` {
    private let format: PixelFormat

    init() throws {
        format = try PixelFormat(rows: 10, columns: 10, bitsAllocated: 8, photometricInterpretation: .monochrome2)
    }

    private let recordID = RandomID(random: SystemRandomSource())

    private func key(_ frameIndex: Int) -> FrameCache.Key {
        FrameCache.Key(recordID: recordID, frameIndex: frameIndex, form: .decoded)
    }

    @Test func `one frame is made once, however many ask for it at a time`() async throws {
        let cache = FrameCache(limit: 1 << 20)
        let counter = Counter()
        let key = key(0)

        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask { [format] in
                    let entry = try await cache.entry(for: key) {
                        counter.count()
                        await Task.yield()
                        return FrameCache.Entry(bytes: ByteBuffer(repeating: 7, count: 100), format: format)
                    }
                    #expect(entry.bytes.readableBytes == 100)
                }
            }
            try await group.waitForAll()
        }

        #expect(counter.value == 1)
    }

    @Test func `what failed is tried again by who asks next`() async throws {
        let cache = FrameCache(limit: 1 << 20)

        await #expect(throws: PixelError.self) {
            try await cache.entry(for: key(0)) { throw PixelError(.malformed) }
        }
        let entry = try await cache.entry(for: key(0)) { FrameCache.Entry(bytes: ByteBuffer(), format: format) }

        #expect(entry.bytes.readableBytes == 0)
    }

    @Test func `who waits for a frame makes it when its maker was cancelled, whatever that one threw`() async throws {
        let cache = FrameCache(limit: 1 << 20)
        let key = key(0)
        let begun = Counter()
        let maker = Task {
            try await cache.entry(for: key) {
                begun.count()
                while !Task.isCancelled { await Task.yield() }
                throw ArchiveError(.unavailable, "cancelled")
            }
        }
        while begun.value == 0 { await Task.yield() }
        async let waiting = cache.entry(for: key) { FrameCache.Entry(bytes: ByteBuffer(repeating: 7, count: 3)) }
        while cache.waiterCount == 0 { await Task.yield() }
        maker.cancel()

        #expect(try await waiting.bytes.readableBytes == 3)
        await #expect(throws: ArchiveError.self) { try await maker.value }
    }

    @Test func `the oldest are forgotten beyond the limit`() async throws {
        let cache = FrameCache(limit: 4_000)
        var made: [Int] = []

        for frameIndex in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 11, 0] {
            _ = try await cache.entry(for: key(frameIndex)) {
                made.append(frameIndex)
                return FrameCache.Entry(bytes: ByteBuffer(repeating: 0, count: 256), format: format)
            }
        }

        #expect(made == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0])
    }

    @Test func `who finds no memory left waits until some is given back`() async throws {
        let budget = MemoryBudget(limit: 10)
        var first: MemoryReservation? = try await budget.reserve(8)
        #expect(first != nil)

        async let second = budget.reserve(5)
        first = nil
        let granted = try await second

        granted.shrink(to: 0)
    }

    @Test func `who waits for memory and is cancelled leaves the line`() async throws {
        let budget = MemoryBudget(limit: 10)
        let first = try await budget.reserve(10)

        let error = try await withThrowingTaskGroup(of: ArchiveError?.self) { group in
            group.addTask {
                do throws(ArchiveError) {
                    _ = try await budget.reserve(1)
                    return nil
                } catch {
                    return error
                }
            }
            group.cancelAll()
            return try await group.next() ?? nil
        }

        #expect(error?.code == .unavailable)
        first.shrink(to: 0)
        _ = try await budget.reserve(10)
    }
}

private final class Counter: Sendable {
    private let number = Mutex(0)

    var value: Int { number.withLock { $0 } }

    func count() {
        number.withLock { $0 += 1 }
    }
}
