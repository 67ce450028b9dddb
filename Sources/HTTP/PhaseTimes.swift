import CCurl

/// How long the parts of an exchange took, in seconds, cut and named as the Blackbox exporter does. Nil: it did not come to
/// that, or there is no such part (`tls` of plain HTTP).
public struct PhaseTimes: Sendable, Equatable {
    /// Finding the address.
    public var resolve: Double?
    public var connect: Double?
    public var tls: Double?
    /// From what was asked to the first byte of the answer.
    public var processing: Double?
    /// From there to the last byte.
    public var transfer: Double?

    public init(
        resolve: Double? = nil, connect: Double? = nil, tls: Double? = nil, processing: Double? = nil, transfer: Double? = nil
    ) {
        self.resolve = resolve
        self.connect = connect
        self.tls = tls
        self.processing = processing
        self.transfer = transfer
    }

    /// The parts that there are, in their order.
    public var named: [(name: String, seconds: Double)] {
        [("resolve", resolve), ("connect", connect), ("tls", tls), ("processing", processing), ("transfer", transfer)].compactMap {
            part in part.1.map { (part.0, $0) }
        }
    }

    /// All of them together.
    public var total: Double { named.reduce(0) { $0 + $1.seconds } }

    /// What several exchanges took one after the other, as where redirects are followed.
    public static func + (a: PhaseTimes, b: PhaseTimes) -> PhaseTimes {
        func sum(_ part: KeyPath<PhaseTimes, Double?>) -> Double? {
            guard let x = a[keyPath: part], let y = b[keyPath: part] else { return a[keyPath: part] ?? b[keyPath: part] }
            return x + y
        }
        return PhaseTimes(
            resolve: sum(\.resolve), connect: sum(\.connect), tls: sum(\.tls), processing: sum(\.processing), transfer: sum(\.transfer))
    }
}

extension PhaseTimes {
    /// As far as the transfer of a handle came.
    init(of easy: UnsafeMutableRawPointer) {
        func mark(_ information: CURLINFO) -> Int64 {
            var value: curl_off_t = 0
            return CCurl_getOffset(easy, information, &value) == CURLE_OK ? Int64(value) : 0
        }
        self.init(
            resolved: mark(CURLINFO_NAMELOOKUP_TIME_T), connected: mark(CURLINFO_CONNECT_TIME_T),
            secured: mark(CURLINFO_APPCONNECT_TIME_T), asked: mark(CURLINFO_PRETRANSFER_TIME_T),
            answered: mark(CURLINFO_STARTTRANSFER_TIME_T), ended: mark(CURLINFO_TOTAL_TIME_T))
    }

    /// Of libcurl's marks, microseconds since the beginning each and 0 where it did not come to that.
    init(resolved: Int64, connected: Int64, secured: Int64, asked: Int64 = 0, answered: Int64 = 0, ended: Int64 = 0) {
        // A mark is never before the one that comes before it; where clocks are coarse they are the same.
        func between(_ from: Int64, _ to: Int64) -> Double? { to > 0 ? Double(max(0, to - from)) / 1_000_000 : nil }
        resolve = between(0, resolved)
        connect = between(resolved, connected)
        tls = between(connected, secured)
        processing = between(asked, answered)
        transfer = answered > 0 ? between(answered, ended) : nil
    }
}
