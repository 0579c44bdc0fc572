import DICOMCore
import DICOMPixels
import NIOCore
import Testing

/// Numbers that look random and are the same each time (xorshift).
private struct Sequence64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

/// Attributes of any length and VR where rendering looks for them: pictures or errors, and never anything else.
@Suite struct `Attributes without sense` {
    private static let tags: [DICOMCore.Tag] =
        [
            .windowCenter, .windowWidth, .voilutFunction, .rescaleSlope, .rescaleIntercept, .pixelPaddingValue,
            .pixelPaddingRangeLimit, .presentationLUTShape, .pixelPresentation, .pixelSpacing, .pixelAspectRatio,
            .redPaletteColorLookupTableDescriptor, .greenPaletteColorLookupTableDescriptor,
            .bluePaletteColorLookupTableDescriptor, .redPaletteColorLookupTableData, .greenPaletteColorLookupTableData,
            .bluePaletteColorLookupTableData, .segmentedRedPaletteColorLookupTableData, .iccProfile, .imageRotation,
            .imageHorizontalFlip, .numberOfFrames, .shutterShape, .shutterLeftVerticalEdge,
            .shutterRightVerticalEdge, .shutterUpperHorizontalEdge, .shutterLowerHorizontalEdge,
            .centerOfCircularShutter,
            .radiusOfCircularShutter, .verticesOfThePolygonalShutter, .shutterPresentationValue, .shutterOverlayGroup,
            .patientName, .seriesNumber, .imagePositionPatient, .frameTime,
        ]
        + [0x10, 0x11, 0x15, 0x40, 0x50, 0x51, 0x100, 0x102, 0x1001, 0x3000].map {
            DICOMCore.Tag(group: 0x6000, element: $0)
        }
    private static let items: [DICOMCore.Tag] = [
        .lutDescriptor, .lutData, .windowCenter, .windowWidth, .displayedAreaTopLeftHandCorner,
        .displayedAreaBottomRightHandCorner, .presentationPixelMagnificationRatio, .presentationSizeMode, .graphicType,
        .graphicData, .graphicAnnotationUnits, .unformattedTextValue, .boundingBoxTopLeftHandCorner, .anchorPoint,
        .graphicLayer, .graphicLayerOrder, .graphicLayerRecommendedDisplayGrayscaleValue,
    ]
    private static let sequences: [DICOMCore.Tag] = [
        .modalityLUTSequence, .voilutSequence, .presentationLUTSequence, .softcopyVOILUTSequence,
        .displayedAreaSelectionSequence, .graphicAnnotationSequence, .graphicObjectSequence, .textObjectSequence,
        .graphicLayerSequence, .sharedFunctionalGroupsSequence, .perFrameFunctionalGroupsSequence,
        .frameVOILUTSequence, .pixelValueTransformationSequence, .pixelMeasuresSequence,
    ]
    private static let vrs: [VR] = [.us, .ss, .sl, .ul, .sv, .uv, .ow, .ob, .ds, .is, .cs, .fl, .fd, .un, .at]
    private static let texts = [
        "0", "-1", "1e308", "-1e308", "0.5", "65535\\2", "1\\1", "9223372036854775807", "-9223372036854775808", "Y",
        "N",
        "INVERSE", "SIGMOID", "RECTANGULAR", "CIRCULAR", "POLYGONAL", "BITMAP\\CIRCULAR", "MIXED", "R", "CIRCLE",
        "ELLIPSE", "POLYLINE", "MAGNIFY", "", "90",
    ]

    private func element(_ tag: DICOMCore.Tag, _ random: inout Sequence64) -> DataElement {
        let vr = Self.vrs.randomElement(using: &random) ?? .us
        if vr.isText { return .text(tag, vr, Self.texts.randomElement(using: &random) ?? "") }
        let extremes: [UInt16] = [0, 1, 2, 3, 8, 16, 0x7F80, 0x7FEF, 0x8000, 0xFFFF]
        let words = (0..<Int.random(in: 0...12, using: &random)).map { _ in
            Bool.random(using: &random)
                ? extremes.randomElement(using: &random) ?? 0 : UInt16.random(in: 0...UInt16.max, using: &random)
        }
        return .words(tag, words, vr: vr)
    }

    private func dataSet(depth: Int, _ tags: [DICOMCore.Tag], _ random: inout Sequence64) -> DataSet {
        var elements = tags.filter { _ in UInt8.random(in: 0..<3, using: &random) == 0 }.map { element($0, &random) }
        guard depth > 0 else { return DataSet(elements.sorted { $0.tag < $1.tag }) }
        for tag in Self.sequences where UInt8.random(in: 0..<3, using: &random) == 0 {
            elements.append(.sequence(tag, [dataSet(depth: depth - 1, Self.items, &random)]))
        }
        return DataSet(elements.sorted { $0.tag < $1.tag })
    }

    private func format(_ random: inout Sequence64) -> PixelFormat? {
        let bits = [1, 8, 8, 12, 16, 16, 32, 64].randomElement(using: &random) ?? 8
        let interpretation = PhotometricInterpretation.allCases.randomElement(using: &random) ?? .monochrome2
        let stored = Int.random(in: 1...bits, using: &random)
        return try? PixelFormat(
            rows: Int.random(in: 1...5, using: &random),
            columns: Int.random(in: 1...5, using: &random),
            samplesPerPixel: interpretation.isColor ? [3, 4].randomElement(using: &random) ?? 3 : 1,
            bitsAllocated: bits,
            bitsStored: stored,
            highBit: Int.random(in: stored - 1..<bits, using: &random),
            kind: bits < 32 || Bool.random(using: &random)
                ? (Bool.random(using: &random) ? .signed : .unsigned) : .float,
            photometricInterpretation: interpretation,
            isPlanar: Bool.random(using: &random)
        )
    }

    private func viewport(_ random: inout Sequence64) -> Viewport? {
        let choices = ["9,9", "9,9,1,1,2,2", "1,1,,,-3,-3", "5,70,0.4,0.3,0.1,0.1", "7,7,1e-300,0,1e-300,1", "3,3,4,4"]
        guard Bool.random(using: &random) else { return nil }
        return choices.randomElement(using: &random).flatMap { Viewport(parameter: $0) }
    }

    @Test(arguments: 1...8) func `make a picture or an error`(seed: UInt64) throws {
        var random = Sequence64(state: seed &* 0x9E37_79B9_7F4A_7C15)
        var pictures = 0
        var refusals = 0
        for _ in 0..<400 {
            guard let format = format(&random) else { continue }
            var header = dataSet(depth: 2, Self.tags, &random)
            header.set(.uid(.sopInstanceUID, UID(literal: "1.2.3")))
            var state: DataSet?
            if Bool.random(using: &random) {
                var made = dataSet(depth: 2, Self.tags, &random)
                let image = DataSet([.uid(.referencedSOPInstanceUID, UID(literal: "1.2.3"))])
                made.set(
                    .sequence(.referencedSeriesSequence, [DataSet([.sequence(.referencedImageSequence, [image])])])
                )
                made.set(.uid(.sopClassUID, UID(literal: "1.2.840.10008.5.1.4.1.1.11.1")))
                state = made
            }
            let bytes = (0..<format.frameLength).map { _ in UInt8.random(in: 0...255, using: &random) }
            var request = RenderingRequest(viewport: viewport(&random), annotations: [.patient, .technique])
            request.bitsPerSample = Bool.random(using: &random) ? 8 : 16
            do {
                let image = try FrameRenderer(header: header, presentationState: state)
                    .render(PixelFrame(format, ByteBuffer(bytes: bytes)), frameIndex: 0, request: request)
                _ = try PNGWriter.png(image)
                pictures += 1
            } catch {
                refusals += 1
            }
            _ = FrameTiming(header).duration(frameIndex: 1)
        }
        #expect(pictures > 20)
        #expect(refusals > 20)
    }
}
