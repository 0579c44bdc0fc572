import Metrics
import NIOCore
import Synchronization

/// One line, or one histogram, of what is told.
protocol MetricSeries: AnyObject, Sendable {
    func write(_ name: String, _ labels: String, into text: inout ByteBuffer)
}

/// A number that grows, or is set.
final class NumberSeries: MetricSeries, CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler {
    private let value = Mutex(0.0)

    func increment(by amount: Int64) { increment(by: Double(amount)) }

    func increment(by amount: Double) { value.withLock { $0 += amount } }

    func decrement(by amount: Double) { value.withLock { $0 -= amount } }

    func reset() { set(0.0) }

    func set(_ new: Int64) { set(Double(new)) }

    func set(_ new: Double) { value.withLock { $0 = new } }

    func record(_ new: Int64) { set(Double(new)) }

    func record(_ new: Double) { set(new) }

    func write(_ name: String, _ labels: String, into text: inout ByteBuffer) {
        let number = value.withLock { $0 }
        text.writeString(name + (labels.isEmpty ? "" : "{\(labels)}") + " \(MetricName.number(number))\n")
    }
}

/// How often values were at most each of some bounds.
final class HistogramSeries: MetricSeries, RecorderHandler, TimerHandler {
    private struct State {
        var counts: [UInt64]
        var sum = 0.0
        var count: UInt64 = 0
    }

    private let bounds: [Double]
    private let state: Mutex<State>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count)))
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        let bucket = bounds.firstIndex { value <= $0 }
        state.withLock { state in
            if let bucket { state.counts[bucket] &+= 1 }
            state.sum += value
            state.count &+= 1
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func write(_ name: String, _ labels: String, into text: inout ByteBuffer) {
        let state = state.withLock { $0 }
        let prefix = labels.isEmpty ? "" : labels + ","
        var below: UInt64 = 0
        for (bound, count) in zip(bounds, state.counts) {
            below &+= count
            text.writeString("\(name)_bucket{\(prefix)le=\"\(MetricName.number(bound))\"} \(below)\n")
        }
        text.writeString("\(name)_bucket{\(prefix)le=\"+Inf\"} \(state.count)\n")
        let own = labels.isEmpty ? "" : "{\(labels)}"
        text.writeString("\(name)_sum\(own) \(MetricName.number(state.sum))\n\(name)_count\(own) \(state.count)\n")
    }
}
