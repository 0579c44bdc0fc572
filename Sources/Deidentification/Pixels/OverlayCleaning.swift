public import DICOMCore
import DICOMPixels

/// Overlays (60xx) under Clean Graphics: those without text stay.
///
/// Without that option overlays are removed as a whole. An overlay in which text is found goes as a whole, too: what is
/// left of it would tell little. Curves (50xx, retired) always go. Texts of Presentation States are attributes, which are
/// cleaned as text is.
extension PixelCleaner {
    /// So many planes of an overlay are searched; one that has more goes.
    private static let planeLimit = 16

    /// The groups whose overlay may not leave, of those with bits of their own.
    ///
    /// - Parameter header: with the bits of its overlays in memory.
    public func overlaysToRemove(from header: DataSet, identifiers: IdentifierMatcher) async -> [UInt16] {
        var removed: [UInt16] = []
        for group in OverlayBitmaps.groups(in: header) {
            if await !isClean(header, group, identifiers) { removed.append(group) }
        }
        return removed
    }

    private func isClean(_ header: DataSet, _ group: UInt16, _ identifiers: IdentifierMatcher) async -> Bool {
        let count = OverlayBitmaps.planeCount(header, group: group)
        guard let recognizer, count <= Self.planeLimit else { return false }
        let finder = TextFinder(recognizer: recognizer, settings: settings, identifiers: identifiers)
        for planeIndex in 0..<count {
            // What cannot be looked at goes.
            guard let picture = try? OverlayBitmaps.picture(of: header, group: group, planeIndex: planeIndex),
                let texts = try? await finder.texts(in: picture, .dark), texts.isEmpty
            else { return false }
        }
        return true
    }
}
