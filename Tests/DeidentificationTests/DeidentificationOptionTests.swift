import Deidentification
import Testing

@Suite struct `Options of the de-identification` {
    @Test func `each has a code of its own between 113101 and 113112`() {
        let codes = Set(DeidentificationOption.allCases.map(\.code.value))

        #expect(codes == Set((113_101...113_112).map { String($0) }))
    }
}
