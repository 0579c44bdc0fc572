import DICOMCore

extension FrameRenderer {
    /// What people should know who look at a picture: what of the object, or of their request, is not in it.
    ///
    /// Sentences without any value of the object.
    public func notes(on request: RenderingRequest = RenderingRequest()) -> [String] {
        var notes: [String] = []
        // A Presentation State stands in the place of what the image says, and one with a mask is refused.
        if state == nil, !header.items(.maskSubtractionSequence).isEmpty,
            header.string(.recommendedViewingMode) == "SUB"
        {
            notes.append("shown without mask subtraction, although the image is meant to be seen with it")
        }
        let isColored = header.string(.photometricInterpretation).flatMap { PhotometricInterpretation(rawValue: $0) }
            .map { !$0.isMonochrome }
        if isColored == true, request.window != nil || request.windowIndex != 0 {
            notes.append("a window has no effect on an image in colour")
        }
        if request.annotations.contains(.patient), AnnotationText.omitsName(header) {
            notes.append("the name is not written: there are no letters for most of it")
        }
        return notes
    }
}
