import DICOMCore
import DICOMPixels

/// Why an object is not put into another Transfer Syntax.
///
/// Holds no value of a Data Set.
public struct TranscodingError: Error, Sendable, Hashable {
    /// What was wrong.
    public enum Code: String, Sendable, Hashable {
        /// The object has no Pixel Data that could be compressed.
        case noPixelData
        /// Frames cannot be told apart.
        case framesUnknown
        /// Video is one stream, which is not taken apart; frames at the end of a URL are not in the object.
        case notFrames
        /// Nothing is ever made in the Transfer Syntax.
        case unknownTarget
        /// It would lose, and that was not asked for.
        case lossy
        /// Pixel Data would be 4 GiB or longer without compression.
        case tooLong
        /// A frame cannot be decoded.
        case notDecodable
        /// A frame has no form in the Transfer Syntax.
        case notEncodable
        /// The Data Set cannot be read or written.
        case badDataSet
        /// Its bytes cannot be read.
        case unavailable
    }

    /// What was wrong.
    public let code: Code
    /// The frame that is to blame, 1-based, where one is.
    public let frameNumber: Int?
    /// What the frame is to blame for, or a sentence on what to do.
    public let detail: String

    init(_ code: Code, frameNumber: Int? = nil, _ detail: String) {
        self.code = code
        self.frameNumber = frameNumber
        self.detail = detail
    }

    init(_ error: DataSetError) {
        self.init(.badDataSet, "\(error)")
    }

    /// The frame's fault while it is decoded.
    init(decoding error: PixelError, frameNumber: Int? = nil) {
        self.init(.notDecodable, frameNumber: frameNumber, "\(error)")
    }

    /// The frame's fault while it is encoded.
    init(encoding error: PixelError, frameNumber: Int? = nil) {
        self.init(.notEncodable, frameNumber: frameNumber, "\(error)")
    }
}

extension TranscodingError: CustomStringConvertible {
    /// Frame and detail, for people and logs.
    public var description: String {
        (frameNumber.map { "frame \($0): " } ?? "") + detail
    }
}

extension ArchiveError {
    /// What a gateway tells of it.
    init(_ error: TranscodingError) {
        switch error.code {
        case .noPixelData, .unknownTarget, .lossy, .tooLong, .notEncodable: self.init(.notMakeable, "\(error)")
        case .framesUnknown: self.init(.framesUnknown, "\(error)")
        case .notFrames, .notDecodable: self.init(.notDecodable, "\(error)")
        case .badDataSet: self.init(.damaged, "\(error)")
        case .unavailable: self.init(.unavailable, "\(error)")
        }
    }
}
