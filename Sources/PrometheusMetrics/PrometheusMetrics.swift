public import Metrics
public import NIOCore
import Synchronization

/// Keeps what the program counts and measures, and tells it in the text format of Prometheus (version 0.0.4).
///
/// Counters become counters, gauges and meters gauges, timers histograms of seconds, recorders histograms. Labels of metrics
/// come from the program alone, never from a peer; a family that grows without end all the same is cut off.
public final class PrometheusMetrics: MetricsFactory {
    /// The media type of ``text(help:)``.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"
    /// Series of one family; more are counted, but not told.
    public static let seriesLimit = 1_000

    /// Upper bounds in seconds, for timers.
    static let secondBounds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]
    /// Upper bounds for recorders, whatever they record.
    static let decadeBounds: [Double] = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]

    private let families = Mutex<[String: MetricFamily]>([:])

    /// Nothing is counted yet.
    public init() {}

    /// Makes or finds a counter.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        number(.counter, label, dimensions)
    }

    /// Makes or finds a counter of fractions.
    public func makeFloatingPointCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        number(.counter, label, dimensions)
    }

    /// Makes or finds a gauge.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        number(.gauge, label, dimensions)
    }

    /// Makes or finds a histogram; a gauge when nothing is to be gathered.
    public func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        guard aggregate else { return number(.gauge, label, dimensions) }
        return histogram(label, dimensions, Self.decadeBounds)
    }

    /// Makes or finds a histogram of seconds.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label, dimensions, Self.secondBounds)
    }

    /// Nothing is destroyed: a counter goes on where it was.
    public func destroyCounter(_ handler: any CounterHandler) {}

    /// Nothing is destroyed.
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}

    /// Nothing is destroyed.
    public func destroyMeter(_ handler: any MeterHandler) {}

    /// Nothing is destroyed.
    public func destroyRecorder(_ handler: any RecorderHandler) {}

    /// Nothing is destroyed.
    public func destroyTimer(_ handler: any TimerHandler) {}

    /// Forgets a gauge with all its series, so that one which is no more is not told for ever.
    public func forget(_ label: String) {
        _ = families.withLock { $0.removeValue(forKey: MetricName.name(label)) }
    }

    /// Everything as it is now, families and series in the order of their names.
    ///
    /// - Parameter help: What families mean, by name.
    public func text(help: [String: String] = [:]) -> ByteBuffer {
        let all = families.withLock { $0 }
        var text = ByteBuffer()
        for (name, family) in all.sorted(by: { $0.key < $1.key }) {
            if let meaning = help[name] { text.writeString("# HELP \(name) \(MetricName.help(meaning))\n") }
            text.writeString("# TYPE \(name) \(family.kind.rawValue)\n")
            for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
                series.write(name, labels, into: &text)
            }
        }
        return text
    }

    private func number(_ kind: MetricFamily.Kind, _ label: String, _ dimensions: [(String, String)]) -> NumberSeries {
        series(kind, label, dimensions) { NumberSeries() }
    }

    private func histogram(
        _ label: String,
        _ dimensions: [(String, String)],
        _ bounds: [Double]
    ) -> HistogramSeries {
        series(.histogram, label, dimensions) { HistogramSeries(bounds: bounds) }
    }

    /// The series of that name; one that is told nowhere where the name is taken by another kind, or too many are there.
    private func series<Series: MetricSeries>(
        _ kind: MetricFamily.Kind,
        _ label: String,
        _ dimensions: [(String, String)],
        _ make: () -> Series
    ) -> Series {
        let name = MetricName.name(label)
        let labels = MetricName.labels(dimensions)
        return families.withLock { families in
            let family = families[name] ?? MetricFamily(kind: kind)
            guard family.kind == kind else { return make() }
            if let known = family.series[labels] { return known as? Series ?? make() }
            let new = make()
            guard family.series.count < Self.seriesLimit else { return new }
            families[name, default: family].series[labels] = new
            return new
        }
    }
}

/// All series of one name.
struct MetricFamily: Sendable {
    enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    let kind: Kind
    /// By their labels as they are written.
    var series: [String: any MetricSeries] = [:]
}
