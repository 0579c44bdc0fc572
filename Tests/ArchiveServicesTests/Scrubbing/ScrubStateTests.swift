import DICOMCore
import PackStorage
import Platform
import Testing

@testable import ArchiveServices

@Suite struct `The state of a pass of scrubbing` {
    private func state(_ place: ScrubState.Place) -> ScrubState {
        var state = ScrubState()
        state.place = place
        (state.checked, state.packs, state.unread, state.repaired) = (1, 2, 3, 4)
        state.bytes = .max
        state.note(damaged: [UID(literal: "1.2.3"), UID(literal: "1.2.4")])
        return state
    }

    @Test func `what is written is read back`() throws {
        let pack = PackID(RandomID(random: SystemRandomSource()))
        let warm = try #require(StoreName("warm"))
        for place in [
            ScrubState.Place.instance(nil), .instance(UID(literal: "1.2")), .pack(warm, nil), .pack(warm, pack),
        ] {
            #expect(ScrubState(state(place).encoded) == state(place))
        }
        #expect(ScrubState(ScrubState().encoded) == ScrubState())
    }

    @Test func `whatever else is there begins a pass anew, wherever it is cut`() {
        let whole = state(.instance(UID(literal: "1.2"))).encoded
        for length in 0..<whole.count {
            let cut = ScrubState(Array(whole.prefix(length)))
            #expect(cut.damagedInstances.count <= 2 && cut.damaged <= 2)
        }
        #expect(ScrubState(Array("scrub 2\ncounts 1 1 1 1 1 1\ninstance 1.2".utf8)) == ScrubState())
        #expect(ScrubState(Array("scrub 1\ncounts 1 1 1 1 1\ninstance 1.2".utf8)) == ScrubState())
        #expect(ScrubState(Array("scrub 1\ncounts 1 1 1 1 1 -1\ninstance 1.2".utf8)) == ScrubState())
    }

    @Test func `damage is counted, and the first of it remembered by name`() {
        var state = ScrubState()
        for number in 0..<300 { state.note(damaged: Set([UID("1.2.\(number)")].compactMap { $0 })) }

        #expect(state.damaged == 300)
        #expect(state.damagedInstances.count == ScrubState.nameLimit)
    }
}
