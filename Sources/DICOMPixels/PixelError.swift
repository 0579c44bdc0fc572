public import DICOMCore

/// Why frames cannot be decoded, encoded or rendered.
///
/// Holds no value of any element beyond numbers that describe the image.
public struct PixelError: Error, Sendable, Hashable {
    /// What was wrong.
    public enum Code: String, Sendable, Hashable {
        /// Group 0028 describes no image: an element is missing, or its value is none that the standard allows.
        case badDescription
        /// The frame is larger than the limit (`limits.pixels.frame-length`).
        case tooLarge
        /// No codec for the Transfer Syntax, or for this kind of image in it.
        case unsupported
        /// The compressed bytes are damaged.
        case malformed
        /// The compressed image is another than the one that group 0028 describes: size, samples, or precision.
        case mismatch
        /// The codec took longer than the limit (`limits.pixels.time`).
        case timedOut
        /// The process that runs the codec ended: memory limit, or a fault of the codec.
        case workerLost
        /// A lossless encoding was not the same when it was decoded again: it is not used.
        case notReversible
        /// The image has no form in the Transfer Syntax that was asked for.
        case notEncodable
        /// A look-up table, overlay or other attribute that rendering needs is damaged; `tag` says which.
        case badAttribute
    }

    /// What was wrong.
    public let code: Code
    /// The element that is to blame, where one is.
    public let tag: Tag?
    /// A sentence more, without any value that could tell of a patient; may be empty.
    public let detail: String

    /// Makes an error.
    public init(_ code: Code, _ detail: String = "", tag: Tag? = nil) {
        self.code = code
        self.tag = tag
        self.detail = detail
    }
}

extension PixelError: CustomStringConvertible {
    /// Code, element and detail, for people and logs.
    public var description: String {
        let place = tag.map { " \($0)" } ?? ""
        return "Pixels: \(code.rawValue)\(place)" + (detail.isEmpty ? "" : ": \(detail)")
    }
}
