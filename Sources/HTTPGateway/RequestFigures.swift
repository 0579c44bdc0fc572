import Hummingbird
import Metrics

/// Counts and times requests, by resource and status; never by what a path names.
struct RequestFigures: Sendable {
    /// Notes a request that was answered.
    ///
    /// - Parameter route: `nil` for one that was refused before anybody knew what it is about.
    func note(_ route: Route?, _ method: String, status: Int, after duration: Duration) {
        let name = route?.word ?? "none"
        Counter(
            label: "cassette_http_requests_total",
            dimensions: [("route", name), ("method", method), ("status", String(status))]
        ).increment()
        Metrics.Timer(label: "cassette_http_request_seconds", dimensions: [("route", name)]).record(duration: duration)
    }
}

extension Route {
    /// One word for metrics.
    var word: String {
        switch self {
        case .capabilities: "capabilities"
        case .verification: "verification"
        case .lifecycle: "lifecycle"
        case .removal: "removal"
        case .projects: "projects"
        case .keys: "keys"
        case .backup: "backup"
        case .export: "export"
        case .projectView: "project-view"
        case .metrics: "metrics"
        case .store: "store"
        case .search: "search"
        case .retrieve: "retrieve"
        case .metadata: "metadata"
        case .frames: "frames"
        case .bulkData: "bulkdata"
        case .rendered, .renderedFrames: "rendered"
        case .thumbnail: "thumbnail"
        }
    }
}
