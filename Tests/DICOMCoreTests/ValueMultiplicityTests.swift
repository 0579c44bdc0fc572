import DICOMCore
import Testing

@Suite struct `Value Multiplicity` {
    @Test(arguments: [
        ("1", [1], [0, 2]), ("1-3", [1, 2, 3], [0, 4]), ("1-n", [1, 2, 1_000], [0]), ("2-2n", [2, 4], [0, 1, 3]),
        ("3-3n", [3, 6], [1, 4]), ("1-n or 1", [1, 2], [0]), ("16", [16], [15, 17]), ("3-n", [3, 4], [2]),
    ])
    func `it says how many values there may be`(text: String, allowed: [Int], refused: [Int]) throws {
        let multiplicity = try #require(ValueMultiplicity(text))

        #expect(allowed.allSatisfy(multiplicity.allows))
        #expect(!refused.contains(where: multiplicity.allows))
    }

    @Test(arguments: ["", "n", "1-", "-1", "3-1", "1-0n", "1 to 2", "1-2-3"])
    func `what the dictionary would not print is refused`(text: String) {
        #expect(ValueMultiplicity(text) == nil)
    }

    @Test func `every multiplicity of the dictionary is understood`() {
        let broken = DataElementDictionary.keywords.compactMap { DataElementDictionary.tag(forKeyword: $0) }
            .compactMap { DataElementDictionary.entry(for: $0) }
            .filter { !$0.vm.isEmpty && ValueMultiplicity($0.vm) == nil }

        #expect(broken == [])
    }
}
