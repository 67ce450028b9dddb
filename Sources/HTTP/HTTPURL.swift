import CCurl

/// A URL taken apart by libcurl itself, so that what is checked and what is requested cannot differ.
struct HTTPURL: Sendable {
    let scheme: String
    /// Lower case, IPv6 in brackets.
    let host: String
    let port: Int
    /// `https://host:port`, the port where it is not the scheme's own.
    let origin: String
    /// Safe to print: no user, no password, no query values, no path where that is a credential.
    let redacted: String

    /// Why a text is no URL for us; shows nothing of the text.
    struct Flaw: Error, Equatable {
        let reason: String
    }

    init(_ text: String, hidesPath: Bool) throws(Flaw) {
        guard !text.utf8.contains(0) else { throw Flaw(reason: "it contains a NUL byte") }
        guard let handle = curl_url() else { throw Flaw(reason: "no memory left") }
        defer { curl_url_cleanup(handle) }
        let code = curl_url_set(handle, CURLUPART_URL, text, 0)
        guard code == CURLUE_OK else { throw Flaw(reason: String(cString: curl_url_strerror(code))) }

        let scheme = Self.part(handle, CURLUPART_SCHEME) ?? ""
        guard scheme == "http" || scheme == "https" else { throw Flaw(reason: "\(scheme) is neither http nor https") }
        guard let host = Self.part(handle, CURLUPART_HOST)?.lowercased(), !host.isEmpty else {
            throw Flaw(reason: "it names no host")
        }
        self.scheme = scheme
        self.host = host
        port = Self.part(handle, CURLUPART_PORT, flags: UInt32(CURLU_DEFAULT_PORT)).flatMap(Int.init) ?? 0

        var shown = "\(scheme)://\(host)"
        if let port = Self.part(handle, CURLUPART_PORT) { shown += ":\(port)" }
        origin = shown
        if hidesPath {
            shown += "/…"
        } else {
            shown += Self.part(handle, CURLUPART_PATH) ?? "/"
            if let query = Self.part(handle, CURLUPART_QUERY) { shown += "?" + Self.withoutValues(query) }
        }
        redacted = shown
    }

    /// The printable form of any text that was meant as a URL. What cannot be taken apart is not shown at all.
    static func redact(_ text: String, hidesPath: Bool) -> String {
        (try? HTTPURL(text, hidesPath: hidesPath))?.redacted ?? "(unreadable URL)"
    }

    private static func part(_ handle: OpaquePointer, _ part: CURLUPart, flags: UInt32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard CCurl_getPart(handle, part, &text, flags) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }

    private static func withoutValues(_ query: String) -> String {
        query.split(separator: "&", omittingEmptySubsequences: false).map { pair in
            guard let equals = pair.firstIndex(of: "=") else { return "***" }
            return pair[..<equals] + "=***"
        }.joined(separator: "&")
    }
}
