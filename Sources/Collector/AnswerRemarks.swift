import HTTP
import Model

extension ResponseBody.Remarks {
    /// Of an answer's head.
    /// - Parameter lacking: why there was no credential to send.
    init(_ response: HTTPResponse, sentWith credential: Authenticator.Credential?, lacking: String? = nil) {
        self.init()
        if let named = response.headers["content-encoding"]?.lowercased(), !named.isEmpty, named != "identity" {
            encoding = Self.word(named)
        }
        proxy = response.proxy
        guard response.status == 401 else { return }
        self.lacking = lacking
        let sent = credential.map { $0.isBasic ? "basic" : "bearer" }
        let wanted = response.headers.fields.filter { $0.name.lowercased() == "www-authenticate" }.flatMap { Self.schemes($0.value) }
        // One who asks for what was sent has another quarrel with it.
        if !wanted.contains(where: { $0 == sent }) { login = wanted.first }
    }

    /// How a body is compressed that begins like this.
    fileprivate static func compression(beginning bytes: UnsafeRawBufferPointer) -> String? {
        if bytes.starts(with: [0x1F, 0x8B]) { return "gzip" }
        if bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) { return "zstd" }
        // RFC 1950: the first two bytes are a multiple of 31. JSON does not begin with an `x`; a page of metrics may have one of that
        // name, and a blank there would be a dictionary that both sides know beforehand, which nobody's is.
        return bytes.count > 1 && bytes[0] == 0x78 && bytes[1] != 0x20 && (0x7800 + Int(bytes[1])) % 31 == 0 ? "deflate" : nil
    }

    /// The kinds of login in a challenge (RFC 9110, 11.6.1) that have a name.
    private static func schemes(_ challenge: String) -> [String] {
        challenge.split(separator: ",").compactMap { part in
            let scheme = part.drop { $0 == " " }.prefix { $0 != " " }.lowercased()
            return ["basic", "bearer", "digest", "negotiate", "ntlm"].first { $0 == scheme }
        }
    }

    /// For what no runtime says: ` (asked through the proxy http://proxy:3128, which may have answered itself)`, or nothing.
    var byProxy: String {
        proxy.map { " (asked through the proxy \(PlainText.bounded($0, limit: 200)), which may have answered itself)" } ?? ""
    }

    /// As it may be shown, and stand on a tape.
    static func word(_ text: String) -> String {
        let isPlain =
            text.utf8.count <= 40 && text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || "-, ".utf8.contains($0) }
        return isPlain ? text : "an encoding of its own"
    }

    /// What to do about the login.
    var hint: String? {
        // What could not be sent is no other kind of login.
        switch lacking == nil ? login : nil {
        case "basic": "it wants basic auth: 'auth: {basic: {user: …, password_file: …}}'"
        case "bearer": "it wants a bearer token: 'auth: {bearer_file: …}' or 'auth: {oauth2: {…}}'"
        case let other?:
            "it wants a login by \(PlainText.bounded(other, limit: 20)), which is not spoken here: basic auth, or a bearer token"
        case nil: nil
        }
    }
}

extension Observation.Answer {
    /// Empty for an answer that is not of a head.
    var remarks: ResponseBody.Remarks { (body.storage as? ResponseBody)?.remarks ?? ResponseBody.Remarks() }

    /// How the body is compressed: as the head says, else as it begins.
    var compression: String? {
        remarks.encoding
            ?? body.storage.withBytes { ResponseBody.Remarks.compression(beginning: UnsafeRawBufferPointer($0)) }
    }
}

extension HTTPResponse {
    /// That the body is compressed, which nobody asked for, in words for people; nil where it is not.
    var compressionFault: String? {
        let named = ResponseBody.Remarks(self, sentWith: nil).encoding
        let kind = named ?? body.withUnsafeBytes { ResponseBody.Remarks.compression(beginning: $0) }
        return kind.map { "compressed (\($0)), which was not asked for: does a proxy in between do that?" }
    }
}

extension Body {
    /// The same bytes with what the head said of them.
    func noting(_ remarks: ResponseBody.Remarks) -> Body {
        guard remarks != ResponseBody.Remarks() else { return self }
        let noted = ResponseBody(bytes: bytes)
        noted.note(remarks)
        return Body(noted)
    }
}
