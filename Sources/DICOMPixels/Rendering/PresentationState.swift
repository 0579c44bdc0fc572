import DICOMCore

/// A Grayscale or Color Softcopy Presentation State, as far as it is for one image (PS3.3 A.33).
///
/// Mask subtraction changes the image, is not supported and refused; compound graphics are left out.
struct PresentationState: Sendable {
    /// What it says of one frame.
    struct Adjustment: Sendable {
        let modality: ModalityTransform
        /// Windows and tables; `nil`: all values, from the lowest to the highest that can be.
        let voi: DataSet?
        let presentation: PresentationTransform
        let view: View
        let graphics: PresentationGraphics
    }

    /// Which part of an image is shown, and which way round.
    struct View: Sendable, Hashable {
        let area: DisplayedArea?
        let quarters: Int
        let isMirrored: Bool
    }

    private static let classes = ["1.2.840.10008.5.1.4.1.1.11.1", "1.2.840.10008.5.1.4.1.1.11.2"]

    let dataSet: DataSet
    private let imageUID: UID?

    /// - Throws: `.unsupported`, `.mismatch`.
    init(_ dataSet: DataSet, of image: DataSet) throws(PixelError) {
        guard let sopClass = dataSet.uid(.sopClassUID)?.string, Self.classes.contains(sopClass) else {
            throw PixelError(.unsupported, "not a Grayscale or Color Softcopy Presentation State", tag: .sopClassUID)
        }
        guard dataSet.items(.maskSubtractionSequence).isEmpty else {
            throw PixelError(.unsupported, "mask subtraction", tag: .maskSubtractionSequence)
        }
        self.dataSet = dataSet
        imageUID = image.uid(.sopInstanceUID)
        let references = dataSet.items(.referencedSeriesSequence).flatMap { $0.items(.referencedImageSequence) }
        guard references.contains(where: { $0.uid(.referencedSOPInstanceUID) == imageUID && imageUID != nil }) else {
            throw PixelError(.mismatch, "the Presentation State is for other images", tag: .referencedImageSequence)
        }
    }

    /// Whether an overlay of the image is shown: those are that have a layer to be shown in (PS3.3 C.11.7).
    func showsOverlay(ofImage group: UInt16) -> Bool {
        dataSet[Overlay.tag(group, 0x3000)] == nil && dataSet.string(Overlay.tag(group, 0x1001)) != nil
    }

    /// - Throws: `.mismatch` for a frame that the Presentation State is not for; `.badAttribute`.
    func adjustment(frameIndex: Int, _ format: PixelFormat) throws(PixelError) -> Adjustment {
        let references = dataSet.items(.referencedSeriesSequence).flatMap { $0.items(.referencedImageSequence) }
        guard references.contains(where: { isMeant($0, frameIndex: frameIndex) }) else {
            throw PixelError(.mismatch, "the Presentation State is for other frames", tag: .referencedFrameNumber)
        }
        // What the Presentation State does not have is the identity, whatever the image has (PS3.4 N.2).
        let voi = dataSet.items(.softcopyVOILUTSequence).first { applies($0, frameIndex: frameIndex) }
        return Adjustment(
            modality: try ModalityTransform(dataSet, isSigned: format.kind == .signed) ?? .identity,
            voi: voi,
            presentation: try PresentationTransform(presentationState: dataSet),
            view: try view(frameIndex: frameIndex),
            graphics: PresentationGraphics(
                dataSet.items(.graphicAnnotationSequence).filter { applies($0, frameIndex: frameIndex) },
                layers: dataSet.items(.graphicLayerSequence),
                characterSet: dataSet.specificCharacterSet
            )
        )
    }

    /// - Throws: `.badAttribute`.
    func view(frameIndex: Int) throws(PixelError) -> View {
        let area = dataSet.items(.displayedAreaSelectionSequence).first { applies($0, frameIndex: frameIndex) }
        let rotation = dataSet.integer(.imageRotation) ?? 0
        guard rotation % 90 == 0 else { throw PixelError(.badAttribute, "a multiple of 90", tag: .imageRotation) }
        return View(
            area: area.flatMap { DisplayedArea($0) },
            quarters: (rotation / 90) & 3,
            isMirrored: dataSet.string(.imageHorizontalFlip) == "Y"
        )
    }

    // An item that names no images is for all.
    private func applies(_ item: DataSet, frameIndex: Int) -> Bool {
        let references = item.items(.referencedImageSequence)
        return references.isEmpty || references.contains { isMeant($0, frameIndex: frameIndex) }
    }

    private func isMeant(_ reference: DataSet, frameIndex: Int) -> Bool {
        guard reference.uid(.referencedSOPInstanceUID) == imageUID else { return false }
        let frames = reference.integers(.referencedFrameNumber)
        return frames.isEmpty || frames.contains(frameIndex + 1)
    }
}

/// Which part of an image is shown, and how large (PS3.3 C.10.4).
struct DisplayedArea: Sendable, Hashable {
    /// Of the image before it is turned.
    let region: Region
    /// Height of a pixel divided by its width; `nil` when the item does not tell.
    let pixelAspect: Double?
    let magnification: Double

    /// `nil` when the corners are missing or far away from every image.
    init?(_ item: DataSet) {
        let first = item.integers(.displayedAreaTopLeftHandCorner)
        let last = item.integers(.displayedAreaBottomRightHandCorner)
        let coordinates = -1_000_000...1_000_000
        guard first.count >= 2, last.count >= 2, (first.prefix(2) + last.prefix(2)).allSatisfy(coordinates.contains)
        else { return nil }
        // The corners are those of the turned image, told in the coordinates of the one that is not: column, row, from 1.
        region = Region(
            x: Double(min(first[0], last[0]) - 1),
            y: Double(min(first[1], last[1]) - 1),
            width: Double(abs(last[0] - first[0]) + 1),
            height: Double(abs(last[1] - first[1]) + 1)
        )
        let spacing = item.decimals(.presentationPixelSpacing)
        let ratio = item.decimals(.presentationPixelAspectRatio)
        let pair = spacing.count >= 2 ? spacing : ratio
        pixelAspect = pair.count >= 2 && pair[0] > 0 && pair[1] > 0 ? max(0.01, min(100, pair[0] / pair[1])) : nil
        let isMagnified = item.string(.presentationSizeMode) == "MAGNIFY"
        let factor = item.decimals(.presentationPixelMagnificationRatio).first ?? 1
        magnification = isMagnified && factor > 0 ? max(0.01, min(32, factor)) : 1
    }
}
