public import ArchiveCatalog
public import ArchiveServices
import DICOMCore
public import NIOCore
import Platform

/// What the API, and commands with `--json`, tell of deletions.
public enum RemovalJSON {
    /// One deletion in the bin.
    public static func entry(_ entry: BinEntry) -> ByteBuffer {
        var json = JSONText()
        write(entry, to: &json)
        return json.buffer
    }

    /// The bin.
    public static func bin(_ entries: [BinEntry]) -> ByteBuffer {
        var json = JSONText()
        json.list(entries) { write($0, to: &$1) }
        return json.buffer
    }

    /// What a deletion would take.
    public static func preview(_ preview: DeletionPreview) -> ByteBuffer {
        var json = JSONText()
        json.raw("{")
        write(preview.scope, to: &json)
        json.raw(",\"instances\":\(preview.instanceCount),\"series\":\(preview.seriesCount)")
        json.raw(",\"bytes\":\(preview.payloadBytes),\"needsConfirmation\":\(preview.needsConfirmation)")
        json.raw(",\"restorableUntil\":")
        json.string("\(preview.restorableUntil)")
        if let hold = preview.hold {
            json.raw(",\"hold\":{\"kind\":")
            json.string(hold.kind.rawValue)
            json.raw(",\"reason\":")
            json.string(hold.reason)
            json.raw(",\"owner\":")
            json.string(hold.owner)
            json.raw("}")
        }
        json.raw("}")
        return json.buffer
    }

    /// Requests that wait.
    public static func requests(_ requests: [RemovalRequest]) -> ByteBuffer {
        var json = JSONText()
        json.list(requests) { write($0, to: &$1) }
        return json.buffer
    }

    /// A request that waits.
    public static func request(_ request: RemovalRequest) -> ByteBuffer {
        var json = JSONText()
        write(request, to: &json)
        return json.buffer
    }

    /// How many deletions and instances are final now.
    public static func ended(_ deletions: [Deletion]) -> ByteBuffer {
        var json = JSONText()
        let instances = deletions.reduce(0) { $0 + $1.instanceCount }
        let bytes = deletions.reduce(0) { $0 &+ $1.payloadBytes }
        json.raw("{\"deletions\":\(deletions.count),\"instances\":\(instances),\"bytes\":\(bytes)}")
        return json.buffer
    }

    /// What a round of compaction did.
    public static func compaction(_ report: CompactionReport) -> ByteBuffer {
        var json = JSONText()
        json.raw("{\"rewritten\":\(report.rewritten),\"removed\":\(report.removed),\"deadBytes\":\(report.deadBytes)")
        json.raw(",\"failures\":\(report.failures)}")
        return json.buffer
    }

    /// What a compaction would do.
    public static func forecast(_ forecast: CompactionForecast) -> ByteBuffer {
        var json = JSONText()
        json.raw("{\"deadPacks\":\(forecast.deadPacks),\"deadBytes\":\(forecast.deadBytes)")
        json.raw(",\"scatteredStudies\":\(forecast.scatteredStudies),\"smallPacks\":\(forecast.smallPacks)")
        json.raw(",\"superseded\":\(forecast.superseded),\"held\":\(forecast.held)}")
        return json.buffer
    }

    /// How far a shredding is, with its certificate once it is complete.
    public static func shredding(_ shredding: Shredding) -> ByteBuffer {
        var json = JSONText()
        write(shredding, to: &json)
        return json.buffer
    }

    /// Shreddings.
    public static func shreddings(_ shreddings: [Shredding]) -> ByteBuffer {
        var json = JSONText()
        json.list(shreddings) { write($0, to: &$1) }
        return json.buffer
    }

    private static func write(_ shredding: Shredding, to json: inout JSONText) {
        json.raw("{\"id\":")
        json.string(shredding.id.hex)
        json.raw(",\"state\":")
        json.string("\(shredding.state)")
        json.raw(",\"isComplete\":\(shredding.state == .certified),\"instances\":\(shredding.instanceCount)")
        json.raw(",\"packs\":\(shredding.packs.count),\"requestedBy\":")
        json.string(shredding.requestedBy)
        json.raw(",\"requestedAt\":")
        json.string("\(shredding.requestedAt)")
        json.raw(",\"changedAt\":")
        json.string("\(shredding.changedAt)")
        json.raw(",\"certificate\":")
        json.string(String(decoding: shredding.certificate, as: UTF8.self))
        json.raw("}")
    }

    private static func write(_ entry: BinEntry, to json: inout JSONText) {
        json.raw("{\"id\":")
        json.string(entry.deletion.id.hex)
        json.raw(",")
        write(entry.deletion.scope, to: &json)
        json.raw(",\"instances\":\(entry.deletion.instanceCount),\"bytes\":\(entry.deletion.payloadBytes)")
        json.raw(",\"deletedAt\":")
        json.string("\(entry.deletion.deletedAt)")
        json.raw(",\"deletedBy\":")
        json.string(entry.deletion.deletedBy)
        json.raw(",\"reason\":")
        json.string(entry.deletion.reason)
        json.raw(",\"restorableUntil\":")
        json.string("\(entry.restorableUntil)")
        json.raw("}")
    }

    private static func write(_ request: RemovalRequest, to json: inout JSONText) {
        json.raw("{\"id\":")
        json.string(request.id.hex)
        json.raw(",\"action\":")
        json.string(request.action.rawValue)
        json.raw(",")
        write(request.scope, to: &json)
        json.raw(",\"instances\":\(request.instanceCount),\"bytes\":\(request.payloadBytes),\"requestedBy\":")
        json.string(request.requestedBy)
        json.raw(",\"requestedAt\":")
        json.string("\(request.requestedAt)")
        json.raw(",\"expiresAt\":")
        json.string("\(request.expiresAt)")
        json.raw(",\"reason\":")
        json.string(request.reason)
        json.raw("}")
    }

    private static func write(_ scope: ArchiveScope, to json: inout JSONText) {
        json.raw("\"studyInstanceUID\":")
        json.string(scope.studyInstanceUID.string)
        if let series = scope.seriesInstanceUID {
            json.raw(",\"seriesInstanceUID\":")
            json.string(series.string)
        }
        if let instance = scope.sopInstanceUID {
            json.raw(",\"sopInstanceUID\":")
            json.string(instance.string)
        }
    }
}
