import AccessControl
import DICOMCore
import Platform
import Testing

@Suite struct `Access policy` {
    @Test(arguments: Operation.allCases)
    func `an administrator may do everything`(operation: AccessControl.Operation) {
        #expect(AccessPolicy().allows(operation, for: Principal(.administrator)))
    }

    @Test(arguments: [
        (Operation.search, true), (.store, true), (.readMetadata, false), (.readPixels, false), (.administer, false),
    ])
    func `a DICOM peer may search and store and nothing else`(operation: AccessControl.Operation, allowed: Bool) throws
    {
        let peer = Principal(.applicationEntity(try #require(AETitle("MODALITY1"))))

        #expect(AccessPolicy().allows(operation, for: peer) == allowed)
    }
}

@Suite struct `Bearer tokens` {
    @Test func `the administrator token is known, any other is not`() {
        let tokens = BearerTokens(administratorToken: "correct-horse")

        #expect(tokens.principal(presenting: "correct-horse") == Principal(.administrator))
        #expect(tokens.principal(presenting: "correct-horsf") == nil)
        #expect(tokens.principal(presenting: "") == nil)
    }

    @Test func `a token has 43 URL-safe characters and all of the 256 bits`() {
        let token = BearerTokens.makeToken(random: FixedBytes(value: 0xFB))

        // 32 bytes 0xFB in base64url (RFC 4648 5) without padding.
        #expect(token == "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s")
    }
}

private struct FixedBytes: RandomSource {
    let value: UInt8

    func bytes(_ count: Int) -> [UInt8] {
        Array(repeating: value, count: count)
    }
}
