import NIOCore
import Testing

@testable import CodecWorkers

/// Slots behind a reference, so that an expectation may change them.
private final class SlotsUnderTest {
    private var slots: WorkerSlots

    init(count: Int, queueLimit: Int) { slots = WorkerSlots(count: count, queueLimit: queueLimit) }

    var isIdle: Bool { slots.isIdle }
    func admit(_ ticket: UInt64) -> WorkerSlots.Admission { slots.admit(ticket) }
    func withdraw(_ ticket: UInt64) -> Bool { slots.withdraw(ticket) }
    func release(_ slot: Int, isWarm: Bool) -> UInt64? { slots.release(slot, isWarm: isWarm) }
    func close() -> [UInt64] { slots.close() }
}

@Suite struct `Slots of a pool` {
    @Test func `so many frames get a slot, the next waits and gets the first that is free`() {
        let slots = SlotsUnderTest(count: 2, queueLimit: 2)

        #expect(slots.admit(1) == .take(0))
        #expect(slots.admit(2) == .take(1))
        #expect(slots.admit(3) == .wait)
        #expect(slots.admit(4) == .wait)
        #expect(slots.admit(5) == .refuse)
        #expect(slots.release(1, isWarm: true) == 3)
        #expect(slots.release(0, isWarm: true) == 4)
        #expect(slots.release(1, isWarm: true) == nil)
        #expect(!slots.isIdle)
        #expect(slots.release(0, isWarm: true) == nil)
        #expect(slots.isIdle)
    }

    @Test func `a frame that goes leaves the queue, and its turn to the next`() {
        let slots = SlotsUnderTest(count: 1, queueLimit: 4)
        _ = slots.admit(1)
        _ = slots.admit(2)
        _ = slots.admit(3)

        #expect(slots.withdraw(2))
        #expect(!slots.withdraw(2))
        #expect(!slots.withdraw(1))
        #expect(slots.release(0, isWarm: true) == 3)
    }

    @Test func `a slot with a worker is taken before one without`() {
        let slots = SlotsUnderTest(count: 3, queueLimit: 0)
        for ticket in 1...3 { _ = slots.admit(UInt64(ticket)) }

        _ = slots.release(1, isWarm: true)
        _ = slots.release(0, isWarm: false)
        _ = slots.release(2, isWarm: false)

        #expect(slots.admit(4) == .take(1))
    }

    @Test func `when it closes, who waits is told, and nobody comes in`() {
        let slots = SlotsUnderTest(count: 1, queueLimit: 4)
        _ = slots.admit(1)
        _ = slots.admit(2)
        _ = slots.admit(3)

        #expect(slots.close() == [2, 3])
        #expect(slots.admit(4) == .refuse)
        #expect(slots.release(0, isWarm: true) == nil)
        #expect(slots.isIdle)
        #expect(slots.admit(5) == .refuse)
    }
}

@Suite struct `Starting workers again` {
    @Test func `each failure doubles the wait, up to its limit`() {
        var backOff = StartBackOff()
        let start = NIODeadline.uptimeNanoseconds(0)
        var waits: [TimeAmount?] = [backOff.wait(start)]

        for _ in 1...9 {
            backOff.failed(start)
            waits.append(backOff.wait(start))
        }

        #expect(waits.prefix(4) == [nil, .milliseconds(100), .milliseconds(200), .milliseconds(400)])
        #expect(waits.suffix(2) == [.seconds(10), .seconds(10)])
        #expect(backOff.wait(start + .seconds(10)) == nil)
    }

    @Test func `a success forgets the failures`() {
        var backOff = StartBackOff()
        backOff.failed(.uptimeNanoseconds(0))
        backOff.failed(.uptimeNanoseconds(0))

        backOff.succeeded()

        #expect(backOff == StartBackOff())
        #expect(backOff.wait(.uptimeNanoseconds(0)) == nil)
    }

    @Test func `failures without number do not overflow`() {
        var backOff = StartBackOff()

        for _ in 1...200 { backOff.failed(.uptimeNanoseconds(0)) }

        #expect(backOff.wait(.uptimeNanoseconds(0)) == .seconds(10))
    }

    @Test func `a worker is spent after so many frames, or when it has taken much`() {
        let limit = WorkerUse.Limit(frameCount: 3, peakMemory: 100, sharedMemory: 50)

        #expect(!WorkerUse(frameCount: 2, peakMemory: 99, sharedMemory: 49).isSpent(limit))
        #expect(WorkerUse(frameCount: 3, peakMemory: 0, sharedMemory: 0).isSpent(limit))
        #expect(WorkerUse(frameCount: 0, peakMemory: 100, sharedMemory: 0).isSpent(limit))
        #expect(WorkerUse(frameCount: 0, peakMemory: 0, sharedMemory: 50).isSpent(limit))
    }
}
