/// Reads text in pictures.
///
/// The port through which everything above does it: whether it happens here or in a process of its own.
public protocol TextRecognizer: Sendable {
    /// The words of a picture, dark on a light ground, in any order; guesses among them.
    ///
    /// - Throws: `.unsupported` where no text can be read; `.tooLarge`, `.timedOut`, `.workerLost`, `.malformed`.
    func words(in picture: GrayPicture) async throws(PixelError) -> [RecognizedWord]
}
