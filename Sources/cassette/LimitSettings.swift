import ArchiveCatalog
import ArchiveServices
import CatalogSQLite
import DICOMCore
import DICOMPixels
import DICOMUpperLayer
import DIMSE
import HTTPGateway
import PackStorage

/// All limits that may be set, with how far.
enum LimitSettings {
    private static let kibi: UInt64 = 1 << 10
    private static let mebi: UInt64 = 1 << 20
    private static let gibi: UInt64 = 1 << 30
    private static let tebi: UInt64 = 1 << 40

    static let all = associations + messages + dataSets + pixels + requests + searches + packs

    private static let associations: [LimitSetting] = [
        .init("association.total", .count, \.admission.associationCount, 1...4_096, "associations at a time"),
        .init(
            "association.per-peer",
            .count,
            \.admission.associationCountByPeer,
            1...4_096,
            "associations at a time with one address"
        ),
        .init(
            "association.half-open",
            .count,
            \.admission.halfOpenCount,
            1...4_096,
            "connections that have not asked for an association"
        ),
        .init(
            "association.half-open-per-peer",
            .count,
            \.admission.halfOpenCountByPeer,
            1...4_096,
            "connections of one address that have not asked for an association"
        ),
        .init("association.artim", \.association.artim, 1...600, "time for a request, and for closing at the end"),
        .init("association.idle-time", \.association.idle, 1...86_400, "time without a byte before an abort"),
        .init(
            "association.pace",
            .bytes,
            \.association.throughputFloor,
            1...(16 * mebi),
            "bytes a second that a peer must send in the middle of a message"
        ),
        .init("association.pace-window", \.association.throughputWindow, 1...3_600, "time over which that is measured"),
        .init(
            "association.pdu-length",
            .bytes,
            \.association.pduLength,
            (4 * kibi)...(16 * mebi),
            "longest P-DATA-TF PDU, told to the peer"
        ),
        .init(
            "association.request-length",
            .bytes,
            \.association.associatePDULength,
            kibi...mebi,
            "longest A-ASSOCIATE-RQ PDU"
        ),
        .init(
            "association.presentation-contexts",
            .count,
            \.association.presentationContextCount,
            1...128,
            "presentation contexts in one request"
        ),
        .init(
            "association.transfer-syntaxes",
            .count,
            \.association.transferSyntaxCount,
            1...1_024,
            "transfer syntaxes in one presentation context"
        ),
        .init(
            "association.user-items",
            .count,
            \.association.userItemCount,
            1...4_096,
            "sub-items of the user information"
        ),
    ]

    private static let messages: [LimitSetting] = [
        .init("dimse.command-length", .bytes, \.dimse.commandLength, kibi...mebi, "longest Command Set"),
        .init(
            "dimse.identifier-length",
            .bytes,
            \.dimse.identifierLength,
            kibi...(64 * mebi),
            "longest identifier of a query"
        ),
    ]

    private static let dataSets: [LimitSetting] = [
        .init("data-set.depth", .count, \.dataSet.depth, 1...256, "sequences inside sequences"),
        .init("data-set.elements", .count, \.dataSet.elementCount, 16...16_000_000, "elements in all, items included"),
        .init(
            "data-set.fragments",
            .count,
            \.dataSet.fragmentCount,
            1...8_000_000,
            "fragments of encapsulated Pixel Data"
        ),
        .init(
            "data-set.value-length",
            .bytes,
            \.dataSet.valueLength,
            kibi...(64 * mebi),
            "longest value that is kept in memory"
        ),
        .init(
            "data-set.header-length",
            .bytes,
            \.dataSet.headerLength,
            (4 * kibi)...(128 * mebi),
            "all values that are kept in memory"
        ),
        .init("data-set.instance-length", .bytes, \.dataSet.instanceLength, kibi...tebi, "longest instance"),
        .init(
            "data-set.identification-length",
            .bytes,
            \.dataSet.identificationLength,
            (4 * kibi)...(256 * mebi),
            "bytes that are held until the UIDs have come"
        ),
        .init("deflate.length", .bytes, \.dataSet.inflatedLength, kibi...tebi, "longest inflated Data Set"),
        .init(
            "deflate.ratio",
            .count,
            \.dataSet.inflationRatio,
            1...1_032,
            "times that a Data Set may grow when inflated, beyond its first MiB"
        ),
    ]

    private static let pixels: [LimitSetting] = [
        .init(
            "pixels.frame-length",
            .bytes,
            \.pixels.frame.frameLength,
            mebi...(2 * gibi),
            "longest frame that is decoded, without compression"
        ),
        .init("pixels.time", \.pixels.frame.time, 1...600, "time for one frame"),
        .init(
            "pixels.memory",
            .bytes,
            \.pixels.frame.workerMemory,
            (256 * mebi)...(64 * gibi),
            "memory of a process that decodes"
        ),
        .init(
            "pixels.in-flight",
            .bytes,
            \.pixels.inFlightLength,
            (16 * mebi)...(64 * gibi),
            "frames that are being made or sent at a time, all requests together"
        ),
        .init("pixels.cache", .bytes, \.pixels.cacheLength, 0...(64 * gibi), "frames that are kept for who asks next"),
    ]

    private static let requests: [LimitSetting] = [
        .init("http.connections", .count, \.http.connectionCount, 1...16_384, "connections at a time"),
        .init(
            "http.connections-per-address",
            .count,
            \.http.connectionCountByAddress,
            1...16_384,
            "connections at a time of one address"
        ),
        .init("http.idle-time", .seconds, \.http.idleSeconds, 1...86_400, "time that a connection may be silent"),
        .init(
            "http.pace",
            .bytes,
            \.http.paceBytesPerSecond,
            1...(16 * mebi),
            "bytes a second that a sender must send in the middle of a request"
        ),
        .init("http.pace-window", .seconds, \.http.paceSeconds, 1...3_600, "time over which that is measured"),
        .init("http.header-length", .bytes, \.http.headerLength, kibi...mebi, "all header fields of a request"),
        .init("http.header-fields", .count, \.http.headerFieldCount, 8...10_000, "header fields of a request"),
        .init("http.store-length", .bytes, \.http.storeLength, kibi...tebi, "longest request that stores"),
        .init("http.frames", .count, \.http.frameCount, 1...1_000_000, "frames in one request"),
        .init("http.accept-types", .count, \.http.acceptCount, 1...1_024, "media types of an Accept header"),
        .init("multipart.parts", .count, \.http.multipart.partCount, 1...1_000_000, "parts of a request"),
        .init(
            "multipart.header-length",
            .bytes,
            \.http.multipart.headerLength,
            256...mebi,
            "header of one part"
        ),
        .init(
            "multipart.boundary-length",
            .count,
            \.http.multipart.boundaryLength,
            1...1_024,
            "characters of the boundary"
        ),
    ]

    private static let searches: [LimitSetting] = [
        .init("query.results", .count, \.http.resultCount, 1...1_000_000, "answers to one search over HTTP"),
        .init(
            "query.header-results",
            .count,
            \.http.headerResultCount,
            1...100_000,
            "answers to one search that needs more than the index"
        ),
        .init("query.duration", \.catalog.queryDuration, 1...3_600, "time for one read of the index"),
        .init("query.list-values", .count, \.matching.listValueLimit, 1...1_000_000, "values in one key"),
        .init("query.wildcards", .count, \.matching.wildcardLimit, 1...1_024, "wild cards in one key"),
    ]

    private static let packs: [LimitSetting] = [
        .init("pack.length", .bytes, \.packs.packSizeLimit, mebi...(64 * gibi), "a pack takes nothing more beyond it"),
        .init("pack.open-per-sender", .count, \.packs.openPacksPerWriter, 1...1_024, "open packs of one sender"),
    ]
}
