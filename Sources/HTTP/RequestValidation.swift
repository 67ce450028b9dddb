import Glibc

extension HTTPRequest {
    /// The request's URL, once everything about the request is known to be sendable.
    func validated() throws(HTTPError) -> HTTPURL {
        let url: HTTPURL
        do {
            url = try HTTPURL(self.url, hidesPath: hidesPath)
        } catch {
            throw self.error(.invalidURL(error.reason), location: "(unreadable URL)")
        }
        if let flaw = limitFlaw ?? headers.lazy.compactMap(\.flaw).first ?? pinnedAddressFlaw {
            throw error(.invalidRequest(flaw), location: url.redacted)
        }
        return url
    }

    private func error(_ kind: HTTPError.Kind, location: String) -> HTTPError {
        HTTPError(kind, what: label ?? method.rawValue, location: location)
    }

    private var limitFlaw: String? {
        // An upper bound keeps the sum with the clock, and libcurl's milliseconds, from overflowing.
        let aDay = 86_400_000
        guard (1...aDay).contains(timeoutMs) else { return "timeout of \(timeoutMs) ms is not within 1 ms and a day" }
        guard (1...aDay).contains(connectTimeoutMs) else {
            return "connect timeout of \(connectTimeoutMs) ms is not within 1 ms and a day"
        }
        guard (0...(1 << 40)).contains(bodyLimit) else { return "body limit of \(bodyLimit) bytes" }
        return nil
    }

    private var pinnedAddressFlaw: String? {
        guard let address = pinnedAddress else { return nil }
        var buffer = in6_addr()
        let isNumeric = inet_pton(AF_INET, address, &buffer) == 1 || inet_pton(AF_INET6, address, &buffer) == 1
        return isNumeric ? nil : "pinned address is not a numeric IP address"
    }
}

extension HTTPField {
    /// Whether it can be a line of a head: a name that is one, and a value without line ends.
    public var isSendable: Bool { flaw == nil }

    /// What keeps the field from being sent; never its value, which may be a secret.
    var flaw: String? {
        guard !name.isEmpty, name.utf8.allSatisfy(Self.isTokenByte) else { return "a header name is not a token" }
        guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
            return "the value of header \(name) contains control characters"
        }
        return nil
    }

    /// RFC 9110, 5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
