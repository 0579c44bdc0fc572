import ArchiveServices
import DICOMCore
import HTTPTypes
import Hummingbird
import NIOCore

/// What the archive can do over DICOMweb (PS3.18 8.9), for programs and for people with curl.
enum Capabilities {
    private static let resources: [(method: String, path: String, purpose: String)] = [
        ("POST", "/studies", "store"),
        ("POST", "/studies/{study}", "store into one study"),
        ("GET", "/studies", "search"),
        ("GET", "/series", "search"),
        ("GET", "/instances", "search"),
        ("GET", "/studies/{study}/series", "search"),
        ("GET", "/studies/{study}/instances", "search"),
        ("GET", "/studies/{study}/series/{series}/instances", "search"),
        ("GET", "/studies/{study}", "retrieve"),
        ("GET", "/studies/{study}/metadata", "retrieve metadata"),
        ("GET", "/studies/{study}/series/{series}", "retrieve"),
        ("GET", "/studies/{study}/series/{series}/metadata", "retrieve metadata"),
        ("GET", "/studies/{study}/series/{series}/instances/{instance}", "retrieve"),
        ("GET", "/studies/{study}/series/{series}/instances/{instance}/metadata", "retrieve metadata"),
        ("GET", "/studies/{study}/series/{series}/instances/{instance}/frames/{frames}", "retrieve frames"),
        ("GET", "/studies/{study}/series/{series}/instances/{instance}/bulkdata/{path}", "retrieve bulk data"),
        ("GET", "/studies/{study}/rendered", "retrieve rendered"),
        ("GET", "/studies/{study}/thumbnail", "retrieve thumbnail"),
        ("GET", "/studies/{study}/series/{series}/rendered", "retrieve rendered"),
        ("GET", "/studies/{study}/series/{series}/thumbnail", "retrieve thumbnail"),
        ("GET", "/studies/{study}/series/{series}/instances/{instance}/rendered", "retrieve rendered"),
        ("GET", "/studies/{study}/series/{series}/instances/{instance}/thumbnail", "retrieve thumbnail"),
        ("GET", "/studies/{study}/series/{series}/instances/{instance}/frames/{frames}/rendered", "retrieve rendered"),
        ("GET", "/studies/{study}/series/{series}/instances/{instance}/frames/{frame}/thumbnail", "retrieve thumbnail"),
    ]

    /// The description as JSON.
    static func response(links: Links, limits: HTTPLimits) -> Response {
        var json = JSONText()
        json.raw("{\"service\":")
        json.string(links.service)
        json.raw(",\"resources\":[")
        for (position, resource) in resources.enumerated() {
            json.raw(position > 0 ? ",{\"method\":" : "{\"method\":")
            json.string(resource.method)
            json.raw(",\"path\":")
            json.string(resource.path)
            json.raw(",\"purpose\":")
            json.string(resource.purpose)
            json.raw("}")
        }
        json.raw("],\"limits\":{\"results\":\(limits.resultCount),\"frames\":\(limits.frameCount)")
        json.raw(",\"storeLength\":\(limits.storeLength),\"parts\":\(limits.multipart.partCount)}")
        json.raw(",\"transferSyntaxes\":{\"stored\":\"any\",\"made\":")
        json.strings(TransferSyntax.makeable.map(\.uid.string))
        json.raw("},\"rendered\":")
        json.strings(RenderedAcceptance.mediaTypes)
        json.raw("}")
        return Response(
            status: .ok,
            headers: [.contentType: "application/json", .allow: "GET, HEAD, OPTIONS"],
            body: ResponseBody(byteBuffer: json.buffer)
        )
    }
}
