import DICOMCore
import DICOMPixels

/// Finds text in frames, as they are displayed.
///
/// Each frame is looked at in the window of its object and, when it is grey, with the whole of its range, both for bright
/// and for dark text. Text that is turned or mirrored, handwriting, and scripts that the data of the recognizer lacks
/// are not found.
struct TextFinder: Sendable {
    let recognizer: any TextRecognizer
    let settings: PixelCleaningSettings
    let identifiers: IdentifierMatcher

    /// One look at a frame: how it is displayed, and what is made of that.
    struct Look: Sendable, Hashable {
        /// 0: as the object says; 1: with the whole range of its values, or the darkest of its colours.
        let view: Int
        let polarity: TextPicture.Polarity
        let ground: TextPicture.Ground
    }

    /// The text of a frame.
    ///
    /// - Parameter looks: `nil` for all; otherwise those alone.
    /// - Returns: the text, and the looks that showed some.
    func texts(
        in frame: PixelFrame,
        frameIndex: Int,
        header: DataSet,
        looks: Set<Look>? = nil
    ) async throws(PixelError) -> (texts: [FoundText], looks: Set<Look>) {
        var texts: [FoundText] = []
        var showing: Set<Look> = []
        for (number, view) in try Self.views(frame, frameIndex, header).enumerated() {
            for polarity in view.polarities where polarity.isPossible(in: view.picture) {
                for ground in TextPicture.Ground.allCases {
                    let look = Look(view: number, polarity: polarity, ground: ground)
                    guard looks?.contains(look) ?? true else { continue }
                    let found = try await self.texts(in: view.picture, polarity, ground)
                    if !found.isEmpty { showing.insert(look) }
                    texts += found
                }
            }
        }
        return (FoundText.joined(texts), showing)
    }

    /// One way to look at a frame, and the kinds of text that may show in it.
    private struct View {
        let picture: GrayPicture
        let polarities: [TextPicture.Polarity]
    }

    private static func views(
        _ frame: PixelFrame,
        _ frameIndex: Int,
        _ header: DataSet
    ) throws(PixelError) -> [View] {
        var request = RenderingRequest()
        request.showsOverlays = false
        let displayed = try FrameRenderer(header: header).render(frame, frameIndex: frameIndex, request: request)
        guard displayed.channels == 1 else {
            return [
                View(picture: try displayed.gray(), polarities: [.bright]),
                View(picture: try displayed.gray(takesDarkest: true), polarities: [.dark]),
            ]
        }
        let first = try displayed.gray()
        var views = [View(picture: first, polarities: TextPicture.Polarity.allCases)]
        let whole = FrameRenderer.withoutWindows(header)
        if whole != header {
            let image = try FrameRenderer(header: whole).render(frame, frameIndex: frameIndex, request: request)
            let picture = try image.gray()
            if differ(picture, first) {
                views.append(View(picture: picture, polarities: TextPicture.Polarity.allCases))
            }
        }
        return views
    }

    /// Levels that a text must differ by to be seen in one of two pictures only.
    private static let differenceOfViews = 48

    private static func differ(_ left: GrayPicture, _ right: GrayPicture) -> Bool {
        zip(left.samples, right.samples).contains { abs(Int($0) - Int($1)) > differenceOfViews }
    }

    /// The text of a picture.
    func texts(in picture: GrayPicture, _ polarity: TextPicture.Polarity) async throws(PixelError) -> [FoundText] {
        guard polarity.isPossible(in: picture) else { return [] }
        var texts: [FoundText] = []
        for ground in TextPicture.Ground.allCases { texts += try await self.texts(in: picture, polarity, ground) }
        return texts
    }

    private func texts(
        in picture: GrayPicture,
        _ polarity: TextPicture.Polarity,
        _ ground: TextPicture.Ground
    ) async throws(PixelError) -> [FoundText] {
        let prepared = try TextPicture(picture, for: polarity, ground: ground)
        guard prepared.holdsInk else { return [] }
        return try await recognizer.words(in: prepared.picture).compactMap { word in
            let box = prepared.box(word.box)
            let isIdentifying = identifiers.matches(word.text) && box.height >= 4
            guard isIdentifying || isText(word, box) else { return nil }
            return FoundText(box: prepared.box(prepared.line(around: word.box)), isIdentifying: isIdentifying)
        }
    }

    /// Two letters or digits at least, and a surer reading of only two, which noise resembles; single ones are marks of sides,
    /// which belong to the image.
    private func isText(_ word: RecognizedWord, _ box: PixelRectangle) -> Bool {
        let length = word.text.unicodeScalars.count
        let letters = word.text.unicodeScalars.count { $0.properties.isAlphabetic || $0.properties.numericType != nil }
        let needed = letters == 2 ? max(settings.confidence, Self.confidenceOfTwo) : settings.confidence
        return letters >= 2 && letters * 2 >= length && word.confidence >= needed
            && FoundText.hasShapeOfText(word.text, box)
    }

    private static let confidenceOfTwo = 85.0
}
