public import DICOMCore

extension FrameRenderer {
    /// The header without windows and VOI LUTs, in functional groups as well: a frame is then shown with the range of its
    /// values.
    public static func withoutWindows(_ header: DataSet) -> DataSet {
        var header = header
        let windows: [Tag] = [.windowCenter, .windowWidth, .voilutFunction, .voilutSequence]
        for tag in windows { header.remove(tag) }
        for groups in [Tag.sharedFunctionalGroupsSequence, .perFrameFunctionalGroupsSequence] {
            let items = header.items(groups)
            guard items.contains(where: { $0[.frameVOILUTSequence] != nil }) else { continue }
            let stripped = items.map { item in
                var item = item
                item.remove(.frameVOILUTSequence)
                return item
            }
            header.set(.sequence(groups, stripped))
        }
        return header
    }
}
