import CTesseract
public import NIOCore

/// Tesseract, synchronous, in this process.
///
/// Pictures are in the hands of whoever made the image, and Tesseract is a large program: run it in a process of its own.
/// Used by one thread at a time, hence not `Sendable`. What it needs of files it reads when it is made.
@safe public final class TesseractReader {
    /// Bytes of words that one picture may hold: some ten thousand words.
    public static let resultLimit = 1 << 20

    // Ours alone from `init` to `deinit`, and never handed out.
    private let reader: OpaquePointer

    /// Loads Tesseract and its data.
    ///
    /// - Parameter languages: as Tesseract names them, such as `eng` or `eng+deu`.
    /// - Throws: `.unsupported` when Tesseract or its data is not installed; the text says what to install.
    public init(languages: String = "eng") throws(PixelError) {
        var made: OpaquePointer?
        // The text lives for the call, which fills the pointer when it succeeds.
        let result = unsafe cassette_text_open(languages, &made)
        // The same: compared, not followed.
        guard result == CASSETTE_TEXT_OK, let made = unsafe made else { throw PixelError(text: result) }
        unsafe reader = made
    }

    deinit {
        // Opened in `init`, closed once.
        unsafe cassette_text_close(reader)
    }

    /// The words of a picture, as ``RecognizedWord/words(_:width:height:)`` reads them.
    ///
    /// - Parameter samples: as many as the sizes say, dark text on a light ground.
    /// - Throws: `.mismatch`, `.unsupported`, `.tooLarge`.
    public func words(in samples: ByteBuffer, width: Int, height: Int) throws(PixelError) -> ByteBuffer {
        guard width > 0, height > 0, samples.readableBytes == width * height, let columns = UInt32(exactly: width),
            let rows = UInt32(exactly: height), columns <= 32_767, rows <= 32_767
        else { throw PixelError(.mismatch, "\(samples.readableBytes) bytes for a picture of \(width) × \(height)") }
        var result = CASSETTE_TEXT_OK
        var words = ByteBuffer()
        // The call writes within the length that it is told.
        unsafe words.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.resultLimit) { output in
            // The call reads as many bytes as the sizes say: compared above.
            unsafe samples.withUnsafeReadableBytes { input in
                var length = 0
                // Both buffers live for the call, and so does the reader.
                unsafe result = cassette_text_read(
                    reader,
                    input.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    columns,
                    rows,
                    output.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    min(output.count, Self.resultLimit),
                    &length
                )
                return length
            }
        }
        guard result == CASSETTE_TEXT_OK else { throw PixelError(text: result) }
        return words
    }
}

extension PixelError {
    /// What a result of the reader means.
    fileprivate init(text result: cassette_text_result) {
        switch result {
        case CASSETTE_TEXT_NO_LIBRARY:
            self.init(.unsupported, "text cannot be read: install libtesseract5 and tesseract-ocr-eng")
        case CASSETTE_TEXT_NO_LANGUAGE:
            self.init(.unsupported, "text cannot be read: install tesseract-ocr-eng (data of Tesseract)")
        case CASSETTE_TEXT_MEMORY: self.init(.tooLarge, "no memory to read text with")
        case CASSETTE_TEXT_TOO_MANY: self.init(.tooLarge, "more text than a picture may hold")
        default: self.init(.malformed, "Tesseract refused the picture")
        }
    }
}
