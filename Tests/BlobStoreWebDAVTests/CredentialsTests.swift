import BlobStoreWebDAV
import Testing

@Suite struct `Credentials for WebDAV` {
    @Test(arguments: [
        WebDAVConfiguration.Credentials.basic(user: "u", password: "secret"), .bearer("secret"), .none,
    ])
    func `show no secret`(credentials: WebDAVConfiguration.Credentials) {
        var text = ""
        dump(credentials, to: &text)

        #expect(!"\(credentials) \(String(reflecting: credentials)) \(text)".contains("secret"))
    }
}
