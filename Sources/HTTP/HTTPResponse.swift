import Model

/// The header fields of an answer, in the order in which they came.
public struct HTTPHeaders: Sendable {
    public private(set) var fields: [(name: String, value: String)] = []

    public init() {}

    /// The first field of that name; ASCII case does not matter.
    public subscript(_ name: String) -> String? {
        fields.first { Self.equal($0.name, name) }?.value
    }

    mutating func append(name: String, value: String) {
        fields.append((name, value))
    }

    mutating func edit(_ change: (String) -> String) {
        for index in fields.indices { fields[index].value = change(fields[index].value) }
    }

    private static func equal(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count
            && zip(left.utf8, right.utf8).allSatisfy { lowercase($0) == lowercase($1) }
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}

/// An answer, whatever its status: only the absence of one is an `HTTPError`.
public struct HTTPResponse: Sendable {
    /// 100 to 999.
    public let status: Int
    public internal(set) var headers: HTTPHeaders
    public let body: ResponseBody
    /// From handing the request to the network until the last byte. Milliseconds; waiting for a free connection
    /// is not counted, connecting is.
    public let elapsedMs: Double
    /// Whether the answer came over a connection kept from an earlier request.
    public let reusedConnection: Bool
    /// How often the request was sent again because a kept connection turned out to be closed. Not an error.
    public let staleRetries: Int
    /// Numeric address of the peer; empty when unknown.
    public let remoteAddress: String
    /// The URL that answered, after redirects, without credentials and query values.
    public let effectiveURL: String
    /// The proxy that may have answered itself, without its login: what was asked in plain HTTP went by it. Nil where none was
    /// asked, or one that only passes bytes on.
    public var proxy: String?

    /// Of a request that is measured; of others the parts that were reused are 0.
    public internal(set) var phases = PhaseTimes()
    /// Of a request that is measured: when the first certificate of the chain that the server showed expires.
    public internal(set) var certificateEnd: Timestamp?

    /// For sentences: ` through the proxy http://proxy:3128`, or nothing.
    public var byProxy: String { proxy.map { " through the proxy \($0)" } ?? "" }

    /// The answer's own `Date` field, as sent.
    public var date: String? { headers["date"] }

    /// Where a redirect points, as far as it can be shown: another scheme, host or port without the path, which may hold
    /// what was sent. Nil without a `Location`, and for one that stays where it is.
    public var redirectOrigin: String? {
        guard (300...399).contains(status), let target = headers["location"], let url = try? HTTPURL(target, hidesPath: true)
        else { return nil }
        let origin = url.origin
        guard origin.utf8.count <= 200, origin.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        return (try? HTTPURL(effectiveURL, hidesPath: true))?.origin == origin ? nil : origin
    }

    /// Whether a redirect points to the very host that was asked, but by TLS.
    public var redirectsToTLS: Bool {
        guard (300...399).contains(status), let target = headers["location"], let url = try? HTTPURL(target, hidesPath: true),
            let here = try? HTTPURL(effectiveURL, hidesPath: true)
        else { return false }
        return here.scheme == "http" && url.scheme == "https" && url.host == here.host
    }
}
