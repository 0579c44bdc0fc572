/// How an image becomes the picture: which region, which size, which way round.
struct Placement: Sendable, Hashable {
    /// Of the image, before it is turned; may reach beyond it.
    let region: Region
    /// Clockwise, before it is mirrored.
    let quarters: Int
    let flipsHorizontally: Bool
    let flipsVertically: Bool
    /// Pixels of the picture.
    let width: Int
    let height: Int

    /// No picture has more pixels than this, or than its image.
    private static let pixelLimit = 4_096 * 4_096

    /// Works out the sizes.
    ///
    /// - Parameters:
    ///   - image: columns and rows.
    ///   - region: of a Presentation State; `nil` is all.
    ///   - magnification: pixels of the picture for each of the image, when no size was asked for.
    ///   - aspect: height of a pixel divided by its width; matters where a size was asked for.
    /// - Throws: `.badDescription` when the region lies outside of the image; `.tooLarge`.
    init(
        image: (width: Int, height: Int),
        region: Region?,
        quarters: Int,
        isMirrored: Bool,
        magnification: Double,
        aspect: Double,
        viewport: Viewport?
    ) throws(PixelError) {
        let whole = Region(x: 0, y: 0, width: Double(image.width), height: Double(image.height))
        var region = region ?? whole
        if let viewport, !viewport.isWhole { region = try Self.region(of: viewport, in: whole) ?? region }
        self.quarters = quarters & 3
        flipsHorizontally = isMirrored != (viewport?.flipsHorizontally ?? false)
        flipsVertically = viewport?.flipsVertically ?? false
        self.region = region
        let isSwapped = quarters & 1 == 1
        let natural = (width: region.width, height: region.height * (viewport == nil ? 1 : aspect))
        let upright = isSwapped ? (width: natural.height, height: natural.width) : natural
        let limit = Double(max(image.width * image.height, Self.pixelLimit))
        // Nobody asks for the size of a Presentation State by number: its picture is as large as may be. Sides are rounded,
        // at most by the thousandth that is left.
        let largest = max(1, (limit / (upright.width * upright.height)).squareRoot() * 0.999)
        let scale =
            viewport.map { min(Double($0.width) / upright.width, Double($0.height) / upright.height) }
            ?? min(magnification, largest)
        let size = (width: (upright.width * scale).rounded(), height: (upright.height * scale).rounded())
        guard size.width <= 65_535, size.height <= 65_535, size.width * size.height <= limit else {
            throw PixelError(
                .tooLarge,
                "the picture would have more than 65,535 rows or columns, or more pixels than 4096 by 4096 and its image"
            )
        }
        width = max(1, Int(size.width))
        height = max(1, Int(size.height))
    }

    private static func region(of viewport: Viewport, in whole: Region) throws(PixelError) -> Region? {
        let right = min(whole.width, viewport.sourceWidth.map { viewport.sourceX + $0 } ?? whole.width)
        let bottom = min(whole.height, viewport.sourceHeight.map { viewport.sourceY + $0 } ?? whole.height)
        let hasRegion =
            viewport.sourceX > 0 || viewport.sourceY > 0 || right < whole.width || bottom < whole.height
        guard hasRegion else { return nil }
        guard viewport.sourceX < right, viewport.sourceY < bottom else {
            throw PixelError(.badDescription, "the region lies outside of the image")
        }
        return Region(
            x: viewport.sourceX,
            y: viewport.sourceY,
            width: right - viewport.sourceX,
            height: bottom - viewport.sourceY
        )
    }

    /// The picture of an image.
    func place<Sample: RasterSample>(_ raster: Raster<Sample>) -> Raster<Sample> {
        let isSwapped = quarters & 1 == 1
        let (scaledWidth, scaledHeight) = isSwapped ? (height, width) : (width, height)
        let isAsIs =
            region == Region(x: 0, y: 0, width: Double(raster.width), height: Double(raster.height))
            && scaledWidth == raster.width && scaledHeight == raster.height
        let scaled =
            isAsIs
            ? raster
            : Resampler(
                source: (raster.width, raster.height),
                region: region,
                width: scaledWidth,
                height: scaledHeight
            ).scale(raster)
        return scaled.turned(
            quarters: quarters,
            flipsHorizontally: flipsHorizontally,
            flipsVertically: flipsVertically
        )
    }

    /// Where a place of the image, in pixels from its upper left corner, is in the picture.
    func point(_ x: Double, _ y: Double) -> Point {
        let across = (x - region.x) / region.width
        let down = (y - region.y) / region.height
        var (left, top) =
            switch quarters {
            case 1: (1 - down, across)
            case 2: (1 - across, 1 - down)
            case 3: (down, 1 - across)
            default: (across, down)
            }
        if flipsHorizontally { left = 1 - left }
        if flipsVertically { top = 1 - top }
        return Point(left * Double(width), top * Double(height))
    }
}
