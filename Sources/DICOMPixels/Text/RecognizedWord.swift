public import NIOCore

/// A word that was read in a picture.
public struct RecognizedWord: Sendable, Hashable {
    /// What was read.
    public let text: String
    /// Where it stands.
    public let box: PixelRectangle
    /// 0 (a guess) to 100.
    public let confidence: Double

    /// Makes a word.
    public init(text: String, box: PixelRectangle, confidence: Double) {
        self.text = text
        self.box = box
        self.confidence = confidence
    }

    /// Reads the words that ``TesseractReader`` wrote; they may come from another process.
    ///
    /// - Parameters:
    ///   - width: of the picture: no box reaches beyond it.
    ///   - height: as well.
    /// - Throws: `.malformed` for anything that is no list of words.
    public static func words(
        _ bytes: ByteBuffer,
        width: Int,
        height: Int
    ) throws(PixelError) -> [RecognizedWord] {
        var bytes = bytes
        var words: [RecognizedWord] = []
        while bytes.readableBytes > 0 {
            guard let x = bytes.readInteger(endianness: .little, as: UInt32.self),
                let y = bytes.readInteger(endianness: .little, as: UInt32.self),
                let wordWidth = bytes.readInteger(endianness: .little, as: UInt32.self),
                let wordHeight = bytes.readInteger(endianness: .little, as: UInt32.self),
                let confidence = bytes.readInteger(endianness: .little, as: UInt16.self),
                let length = bytes.readInteger(endianness: .little, as: UInt16.self),
                let text = bytes.readBytes(length: Int(length))
            else { throw PixelError(.malformed, "words end within one") }
            let box = PixelRectangle(x: Int(x), y: Int(y), width: Int(wordWidth), height: Int(wordHeight))
                .clipped(width: width, height: height)
            guard let box else { continue }
            words.append(
                RecognizedWord(
                    text: String(decoding: text, as: UTF8.self),
                    box: box,
                    confidence: min(100, Double(confidence) / 100)
                )
            )
        }
        return words
    }
}
