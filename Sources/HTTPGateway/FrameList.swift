/// The frame numbers of a request (PS3.18 10.4.1.1.6): ascending order is not needed, repeated ones count once.
package enum FrameList {
    /// Reads `1,2,5`.
    ///
    /// - Throws: `.badRequest` for anything but whole numbers from 1 on, and for more than `limit` of them.
    package static func frameNumbers(_ text: String, limit: Int) throws(RequestError) -> [Int] {
        var numbers: [Int] = []
        var seen: Set<Int> = []
        for entry in text.utf8.split(separator: 0x2C, omittingEmptySubsequences: false) {
            guard (1...10).contains(entry.count), entry.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = Int(Substring(entry)), number > 0, number <= Int(Int32.max)
            else { throw RequestError(.badRequest, "The list of frames holds something that is no frame number") }
            if seen.insert(number).inserted { numbers.append(number) }
            guard numbers.count <= limit else {
                throw RequestError(.badRequest, "The list names more frames than the limit limits.http.frames")
            }
        }
        return numbers
    }
}
