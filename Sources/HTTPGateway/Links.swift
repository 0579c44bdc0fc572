import ArchiveCatalog
import DICOMCore
import Synchronization

/// Addresses of resources, made from configuration and the bound port only: `Host` and `X-Forwarded-*` are claims.
final class Links: Sendable {
    private let configuration: HTTPGatewayConfiguration
    private let boundPort = Mutex<Int?>(nil)

    init(configuration: HTTPGatewayConfiguration) {
        self.configuration = configuration
    }

    /// Says on which port the archive came to listen.
    func bound(to port: Int) {
        boundPort.withLock { $0 = port }
    }

    /// Where the DICOMweb resources begin.
    var service: String {
        if let publicURL = configuration.publicURL { return publicURL + "/dicomweb" }
        guard Self.isLoopback(configuration.host) else { return "/dicomweb" }
        let host = configuration.host.contains(":") ? "[" + configuration.host + "]" : configuration.host
        return "http://\(host):\(boundPort.withLock { $0 } ?? configuration.port)/dicomweb"
    }

    /// Where the resources of a project's view begin.
    func project(_ name: String) -> String {
        service.dropLast("dicomweb".count) + "projects/" + name + "/dicomweb"
    }

    /// The address of a study.
    func study(_ study: UID) -> String { Self.study(study, below: service) }

    /// The address of a series.
    func series(_ series: UID, study: UID) -> String { Self.series(series, study: study, below: service) }

    /// The address of an instance.
    func instance(_ path: InstancePath) -> String { Self.instance(path, below: service) }

    /// The address of a study of a service.
    static func study(_ study: UID, below service: String) -> String {
        service + "/studies/" + study.string
    }

    /// The address of a series of a service.
    static func series(_ series: UID, study: UID, below service: String) -> String {
        Self.study(study, below: service) + "/series/" + series.string
    }

    /// The address of an instance of a service.
    static func instance(_ path: InstancePath, below service: String) -> String {
        series(path.seriesInstanceUID, study: path.studyInstanceUID, below: service) + "/instances/"
            + path.sopInstanceUID.string
    }

    private static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }
}
