import Metrics
import NIOCore
import PrometheusMetrics
import Testing

@Suite struct `Metrics as text` {
    private let metrics = PrometheusMetrics()

    private var lines: [String] {
        String(buffer: metrics.text(help: ["a_total": "what\nit is"])).split(separator: "\n").map { String($0) }
    }

    @Test func `nothing is told before anything is counted`() {
        #expect(lines.isEmpty)
    }

    @Test func `counters add up, each by its labels, in order`() {
        metrics.makeCounter(label: "a_total", dimensions: [("store", "warm")]).increment(by: 2)
        metrics.makeCounter(label: "a_total", dimensions: [("store", "cold")]).increment(by: 1)
        metrics.makeCounter(label: "a_total", dimensions: [("store", "warm")]).increment(by: 3)

        #expect(
            lines == [
                #"# HELP a_total what\nit is"#, "# TYPE a_total counter", #"a_total{store="cold"} 1"#,
                #"a_total{store="warm"} 5"#,
            ]
        )
    }

    @Test func `a gauge is what it was set to last`() {
        for value in [7, 2.5] { metrics.makeRecorder(label: "g", dimensions: [], aggregate: false).record(value) }
        #expect(lines == ["# TYPE g gauge", "g 2.5"])

        metrics.forget("g")
        #expect(lines.isEmpty)
    }

    @Test func `a timer is a histogram of seconds whose buckets include each other`() {
        let timer = metrics.makeTimer(label: "t_seconds", dimensions: [("route", "x")])
        for nanoseconds in [1_000_000, 1_000_001, 61_000_000_000] as [Int64] { timer.recordNanoseconds(nanoseconds) }

        #expect(lines.first == "# TYPE t_seconds histogram")
        #expect(lines.contains(#"t_seconds_bucket{route="x",le="0.001"} 1"#))
        #expect(lines.contains(#"t_seconds_bucket{route="x",le="0.0025"} 2"#))
        #expect(lines.contains(#"t_seconds_bucket{route="x",le="60"} 2"#))
        #expect(lines.contains(#"t_seconds_bucket{route="x",le="+Inf"} 3"#))
        #expect(lines.last == #"t_seconds_count{route="x"} 3"#)
    }

    @Test func `names and labels are made fit`() {
        metrics.makeCounter(label: "9-x.y", dimensions: [("a-b", "say \"\\\n\"")]).increment(by: 1)

        #expect(lines == ["# TYPE _9_x_y counter", #"_9_x_y{a_b="say \"\\\n\""} 1"#])
    }

    @Test func `a name that is taken by another kind is counted but not told`() {
        metrics.makeCounter(label: "x", dimensions: []).increment(by: 1)
        metrics.makeMeter(label: "x", dimensions: []).set(9.0)

        #expect(lines == ["# TYPE x counter", "x 1"])
    }

    @Test func `a family has a thousand series and no more`() {
        for number in 0..<1_001 {
            metrics.makeCounter(label: "many_total", dimensions: [("n", String(number))]).increment(by: 1)
        }

        #expect(lines.count == 1 + PrometheusMetrics.seriesLimit)
    }
}
