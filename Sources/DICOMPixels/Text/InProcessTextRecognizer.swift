import NIOCore

/// The port in this process, one picture after the other.
///
/// Nothing protects against a picture that makes Tesseract hang or crash, and a thread is taken for as long as one is
/// read: for tests and measurements.
public actor InProcessTextRecognizer: TextRecognizer {
    private var reader: TesseractReader?

    /// Makes the recognizer; Tesseract is loaded with the first picture.
    public init() {}

    /// The words of a picture.
    ///
    /// - Throws: `.unsupported` where Tesseract is not installed; `.tooLarge`, `.malformed`.
    public func words(in picture: GrayPicture) async throws(PixelError) -> [RecognizedWord] {
        if reader == nil { reader = try TesseractReader() }
        let words = try reader?.words(in: picture.bytes, width: picture.width, height: picture.height) ?? ByteBuffer()
        return try RecognizedWord.words(words, width: picture.width, height: picture.height)
    }
}
