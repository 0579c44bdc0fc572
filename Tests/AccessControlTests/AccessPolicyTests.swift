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

@Suite struct `What each kind of caller may do` {
    private let policy = AccessPolicy()

    @Test(arguments: AccessControl.Operation.allCases)
    func `a researcher may see the project, and nothing else`(operation: AccessControl.Operation) {
        let researcher = Principal(.researcher(name: "alice", project: RandomID(high: 1, low: 1)))

        #expect(policy.allows(operation, for: researcher) == (operation == .viewProject))
    }

    @Test(arguments: [
        AccessControl.Operation.manageProjects, .exportDeidentified, .lookUpPseudonym, .viewProject,
    ])
    func `of research only administrators may do anything beside`(operation: AccessControl.Operation) throws {
        let peer = Principal(.applicationEntity(try #require(AETitle("MODALITY1"))))

        #expect(!policy.allows(operation, for: peer))
        #expect(!policy.allows(operation, for: Principal(.monitor)))
        #expect(policy.allows(operation, for: Principal(.administrator)))
    }

    @Test func `a researcher views one project only, others who may view all`() {
        let (mine, other) = (RandomID(high: 1, low: 1), RandomID(high: 1, low: 2))
        let researcher = Principal(.researcher(name: "alice", project: mine))

        #expect(researcher.mayView(project: mine) && !researcher.mayView(project: other))
        #expect(Principal(.administrator).mayView(project: other))
        #expect(researcher.isResearcher && !Principal(.administrator).isResearcher)
    }
}

@Suite struct `A researcher's token` {
    private func made() throws -> (text: String, token: ResearchToken) {
        try #require(ResearchToken.make(random: FixedBytes(value: 0xFB)))
    }

    @Test func `has a beginning that is found, an id, a secret and a check`() throws {
        let text = try made().text

        let parts = text.split(separator: "_", maxSplits: 2)
        #expect(parts[0] == "cst" && parts[1] == String(repeating: "fb", count: 16))
        #expect(text.utf8.count == 3 + 1 + 32 + 1 + 43 + 1 + 8)
    }

    @Test func `is read again, and no copy with a character more, less or other`() throws {
        let (text, token) = try made()
        let read = try #require(ResearchToken(text))

        #expect(read == token && read.matches(token.digest) && !read.matches([]))
        for length in 0..<text.utf8.count { #expect(ResearchToken(String(text.prefix(length))) == nil) }
        #expect(ResearchToken(text + "0") == nil)
        for position in text.indices {
            var other = text
            other.replaceSubrange(position...position, with: text[position] == "0" ? "1" : "0")
            #expect(ResearchToken(other) == nil)
        }
    }

    @Test func `is asked for only where a text can be one`() throws {
        let (text, token) = try made()
        let tokens = BearerTokens(administratorToken: "correct-horse") { presented in
            presented == token ? Principal(.researcher(name: "alice", project: RandomID(high: 1, low: 1))) : nil
        }

        #expect(tokens.principal(presenting: text)?.isResearcher == true)
        #expect(tokens.principal(presenting: "cst_") == nil)
        #expect(tokens.principal(presenting: "correct-horse") == Principal(.administrator))
        #expect(!"\(token)".contains(text.suffix(20)))
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
