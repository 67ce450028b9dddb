import Model

/// One HTTP request, complete with its body, as the handler sees it.
public struct ServerRequest: Sendable {
    /// The method as sent; methods are case-sensitive.
    public var method: String
    /// The request target exactly as on the wire: nothing decoded, nothing normalised.
    public var target: [UInt8]
    /// Header fields in the order of arrival, duplicates included.
    public var headers: [(name: String, value: [UInt8])]
    public var body: [UInt8]
    /// The peer's numeric address, without its port.
    public var remoteAddress: String
    /// Whether it came over TLS that ends in this program.
    public var isEncrypted = false
    let stopping: StopSignal

    init(
        method: String, target: [UInt8], headers: [(name: String, value: [UInt8])], body: [UInt8],
        remoteAddress: String, isEncrypted: Bool = false, stopping: StopSignal
    ) {
        self.isEncrypted = isEncrypted
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.remoteAddress = remoteAddress
        self.stopping = stopping
    }

    /// A request that came over no wire, for calling a handler directly.
    public init(
        method: String = "GET", target: String, headers: [(name: String, value: String)] = [], body: [UInt8] = []
    ) {
        self.init(
            method: method, target: Array(target.utf8),
            headers: headers.map { (name: $0.name, value: Array($0.value.utf8)) }, body: body,
            remoteAddress: "127.0.0.1", stopping: StopSignal())
    }

    /// The target up to the first `?`, as on the wire.
    public var rawPath: ArraySlice<UInt8> { target.prefix { $0 != UInt8(ascii: "?") } }

    /// The path as text, not percent-decoded; for comparing with routes that are plain ASCII.
    public var path: String { String(decoding: rawPath, as: UTF8.self) }

    /// What follows the first `?`, as on the wire; nil without one.
    public var rawQuery: ArraySlice<UInt8>? {
        target.firstIndex(of: UInt8(ascii: "?")).map { target[($0 + 1)...] }
    }

    /// The first query parameter of that name, percent-decoded (`+` stays a plus); nil when absent.
    public func queryValue(_ name: String) -> String? { queryBytes(name).map { String(decoding: $0, as: UTF8.self) } }

    /// As above, its bytes.
    public func queryBytes(_ name: String) -> [UInt8]? {
        guard let query = rawQuery else { return nil }
        for pair in query.split(separator: UInt8(ascii: "&")) {
            let key = pair.prefix { $0 != UInt8(ascii: "=") }
            if PercentEncoding.unescape(key).elementsEqual(name.utf8) {
                return PercentEncoding.unescape(pair.dropFirst(key.count + 1))
            }
        }
        return nil
    }

    /// All values of a header field, names compared without regard to ASCII case.
    public func headerValues(_ name: String) -> [[UInt8]] {
        headers.filter { Self.sameName($0.name, name) }.map(\.value)
    }

    /// The first value of a header field as text; bytes that are not UTF-8 become U+FFFD.
    public func header(_ name: String) -> String? {
        headers.first { Self.sameName($0.name, name) }.map { String(decoding: $0.value, as: UTF8.self) }
    }

    /// Blocks the calling thread for `seconds`, or until the server stops. True when the server stops: answer at once.
    ///
    /// Only with ``HTTPServer/Mode/threadPerConnection``; an epoll thread serves many connections.
    @discardableResult
    public func waitUntilStopped(atMost seconds: Double = .infinity) -> Bool {
        stopping.wait(atMost: seconds)
    }

    private static func sameName(_ left: String, _ right: String) -> Bool {
        left.utf8.elementsEqual(right.utf8) { lower($0) == lower($1) }
    }

    private static func lower(_ byte: UInt8) -> UInt8 {
        byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
    }
}
