import DICOMPixels

/// A picture made ready for reading text: dark on light, without what is larger than letters, and enlarged.
struct TextPicture: Sendable {
    /// What kind of text a picture is made for.
    enum Polarity: Sendable, CaseIterable {
        /// Bright text, as most devices burn in.
        case bright
        /// Dark text on a bright ground.
        case dark

        private static let fieldSide = 12
        private static let leastOfLight = 128
        private static let mostOfDark = 204

        /// Whether a picture has a ground, as large as a letter, on which such text could be seen: of ultrasound all is
        /// too dark for dark text, of a page all too bright for bright text.
        func isPossible(in picture: GrayPicture) -> Bool {
            let side = Self.fieldSide
            guard picture.width >= side, picture.height >= side else { return true }
            let samples = picture.samples.span
            for top in stride(from: 0, through: picture.height - side, by: side) {
                for left in stride(from: 0, through: picture.width - side, by: side) {
                    var sum = 0
                    for y in top..<top + side {
                        for x in left..<left + side { sum += Int(samples[y * picture.width + x]) }
                    }
                    let mean = sum / (side * side)
                    if self == .bright ? mean <= Self.mostOfDark : mean >= Self.leastOfLight { return true }
                }
            }
            return false
        }
    }

    let picture: GrayPicture
    /// Pixels of the picture for each of the image, along one side.
    let scale: Int

    /// What is done about what is behind text.
    enum Ground: Sendable, CaseIterable {
        /// What is wider than a stroke (anatomy, shades) is taken away: the picture minus its morphological opening (white
        /// top hat).
        case flattened
        /// All but the brightest is taken away: devices write with the greatest value, over speckle, too.
        case suppressed
    }

    /// Strokes are narrower than twice this, in pixels of the image: those of letters of up to some 100 pixels.
    private static let strokeRadius = 8
    /// Text is read best when letters have some 30 pixels; burned-in text begins with 8.
    private static let widestForThree = 640
    private static let widestForTwo = 2_000

    /// Makes the picture; of dark text that of the inverse image.
    init(_ image: GrayPicture, for polarity: Polarity, ground: Ground) throws(PixelError) {
        let source = polarity == .bright ? image.samples : image.samples.map { 255 - $0 }
        let longest = max(image.width, image.height)
        scale = longest <= Self.widestForThree ? 3 : longest <= Self.widestForTwo ? 2 : 1
        let levels = ground == .flattened ? Self.flattened(source, image) : Self.suppressed(source)
        let enlarged = Self.enlarged(levels, image.width, image.height, scale)
        picture = try GrayPicture(width: image.width * scale, height: image.height * scale, samples: enlarged)
    }

    private static func flattened(_ source: [UInt8], _ image: GrayPicture) -> [UInt8] {
        var opening = Morphology(samples: source, width: image.width, height: image.height)
        opening.erode(radius: strokeRadius)
        opening.dilate(radius: strokeRadius)
        var hat: [UInt8] = []
        hat.reserveCapacity(source.count)
        for (level, ground) in zip(source, opening.samples) { hat.append(level > ground ? level - ground : 0) }
        let spread = spread(hat)
        return hat.map { spread[Int($0)] }
    }

    private static let leastOfBrightest = 128

    /// Levels from the brightest down to two thirds of it, spread over the whole range; a dark picture has none.
    private static func suppressed(_ source: [UInt8]) -> [UInt8] {
        let brightest = max(leastOfBrightest, Int(source.max() ?? 0))
        let low = brightest * 2 / 3
        let levels = (0..<256).map { level in
            UInt8(255 - max(0, min(255, (level - low) * 255 / max(1, brightest - low))))
        }
        return source.map { levels[Int($0)] }
    }

    /// The part of the image that a box of the picture covers.
    func box(_ box: PixelRectangle) -> PixelRectangle {
        let left = box.x / scale
        let top = box.y / scale
        return PixelRectangle(
            x: left,
            y: top,
            width: (box.endX + scale - 1) / scale - left,
            height: (box.endY + scale - 1) / scale - top
        )
    }

    /// Less contrast than that is not made more of: it is the noise of detectors.
    private static let leastOfContrast = 64

    /// Levels for levels: the brightest thousandth becomes black, a third of its height, where noise is, and less white.
    private static func spread(_ hat: [UInt8]) -> [UInt8] {
        var counts = [Int](repeating: 0, count: 256)
        for level in hat { counts[Int(level)] += 1 }
        var brightest = 255
        var passed = 0
        while brightest > leastOfContrast {
            passed += counts[brightest]
            if passed > hat.count / 1_000 { break }
            brightest -= 1
        }
        let low = brightest * 3 / 10
        return (0..<256).map { UInt8(255 - max(0, min(255, ($0 - low) * 255 / (brightest - low)))) }
    }

    /// A box of the picture with the letters beside it that were not read: as long as there is ink within a letter's width,
    /// up to six letters on either side.
    func line(around box: PixelRectangle) -> PixelRectangle {
        let step = max(1, box.height * 3 / 4)
        var left = max(0, box.x)
        var right = min(picture.width, box.endX)
        for _ in 0..<6 where holdsInk(from: left - step, to: left, box) { left = max(0, left - step) }
        for _ in 0..<6 where holdsInk(from: right, to: right + step, box) { right = min(picture.width, right + step) }
        return PixelRectangle(x: left, y: box.y, width: right - left, height: box.height)
    }

    private func holdsInk(from left: Int, to right: Int, _ box: PixelRectangle) -> Bool {
        let part = PixelRectangle(x: left, y: box.y, width: right - left, height: box.height)
        guard left < right, let part = part.clipped(width: picture.width, height: picture.height) else { return false }
        let samples = picture.samples.span
        var count = 0
        for y in part.y..<part.endY {
            for x in part.x..<part.endX where samples[y * picture.width + x] < 96 { count += 1 }
        }
        // A stroke, and more than specks.
        return count * 12 >= part.width * part.height
    }

    /// Whether anything in it is dark enough for a letter.
    var holdsInk: Bool { picture.samples.contains { $0 < 160 } }

    /// Lines between the middles of pixels.
    private static func enlarged(_ samples: [UInt8], _ width: Int, _ height: Int, _ scale: Int) -> [UInt8] {
        guard scale > 1 else { return samples }
        let source = samples.span
        let columns = places(width, scale)
        var result: [UInt8] = []
        result.reserveCapacity(samples.count * scale * scale)
        var upper = [Int](repeating: 0, count: width * scale)
        var lower = upper
        for place in places(height, scale) {
            for (position, column) in columns.enumerated() {
                let far = column.fraction
                let near = 2 * scale - far
                let above = place.first * width
                let below = place.second * width
                upper[position] = Int(source[above + column.first]) * near + Int(source[above + column.second]) * far
                lower[position] = Int(source[below + column.first]) * near + Int(source[below + column.second]) * far
            }
            let far = place.fraction
            let near = 2 * scale - far
            for position in upper.indices {
                result.append(UInt8((upper[position] * near + lower[position] * far) / (4 * scale * scale)))
            }
        }
        return result
    }

    /// For each pixel of the result, two of the source and how much of `2 × scale` the second one counts.
    private static func places(_ count: Int, _ scale: Int) -> [(first: Int, second: Int, fraction: Int)] {
        (0..<count * scale).map { position in
            // The middle of the pixel, in parts of 2 × scale, from the middle of the first one of the source.
            let at = max(0, 2 * position + 1 - scale)
            let first = at / (2 * scale)
            return (first, min(count - 1, first + 1), at % (2 * scale))
        }
    }
}
