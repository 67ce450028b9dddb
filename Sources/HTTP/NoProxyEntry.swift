import Ambient
import Model

/// One of the hosts that `no_proxy` names. Programs differ in what they read there; this one reads what any of the usual ones
/// does, because whoever wrote it meant it, and an entry that is passed over sends internal requests to a proxy.
struct NoProxyEntry {
    /// In small letters: `host`, `.domain`, `10.0.0.0/8`, `[::1]`; with stars for any letters.
    let host: String
    /// Nil: whatever port.
    let port: Int?

    init(_ text: String) {
        var rest = text.lowercased()[...]
        for scheme in ["http://", "https://"] where rest.hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.utf8.count)
            if rest.hasSuffix("/") { rest = rest.dropLast() }
        }
        // `::1` has colons and no port; `[::1]:80` has one.
        let colon = rest.lastIndex(of: ":")
        let isName = rest.utf8.reduce(0) { $0 + ($1 == UInt8(ascii: ":") ? 1 : 0) } == 1 || rest.contains(bytesOf: "]:")
        if let colon, isName, let port = Int(rest[rest.index(after: colon)...]), (1...65_535).contains(port) {
            self.port = port
            rest = rest[..<colon]
        } else {
            port = nil
        }
        // A name may end with a dot, which means the same.
        if rest.hasSuffix("."), rest.utf8.count > 1 { rest = rest.dropLast() }
        // `*.domain` is what others write for `.domain`.
        if rest.hasPrefix("*."), !rest.dropFirst().contains("*") { rest = rest.dropFirst() }
        host = String(rest)
    }

    /// Whether a host, as `HTTPURL` has it, is meant.
    func covers(host asked: String, port askedPort: Int) -> Bool {
        guard port == nil || port == askedPort else { return false }
        let asked = asked.hasSuffix(".") ? String(asked.dropLast()) : asked
        if host.contains("/") { return AddressRange(host).map { $0.contains(NoProxyEntry.withoutBrackets(asked)) } ?? false }
        if host.contains("*") { return NoProxyEntry.matches(Array(host.utf8)[...], Array(asked.utf8)[...]) }
        let name = host.hasPrefix(".") ? String(host.dropFirst()) : host
        guard !name.isEmpty else { return false }
        return asked == name || asked == "[\(name)]" || (asked.hasSuffix("." + name) && !NoProxyEntry.isAddress(asked))
    }

    private static func withoutBrackets(_ host: String) -> String {
        host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    }

    /// Below `0.0.1` there is no address.
    private static func isAddress(_ host: String) -> Bool {
        host.utf8.allSatisfy { (48...57).contains($0) || $0 == UInt8(ascii: ".") }
    }

    /// A star is any letters, or none. Goes back to the last star only, so that no pattern takes long.
    private static func matches(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        var (p, t) = (pattern.startIndex, text.startIndex)
        var back: (p: Int, t: Int)?
        while t < text.endIndex {
            if p < pattern.endIndex, pattern[p] == UInt8(ascii: "*") {
                back = (p + 1, t)
                p += 1
            } else if p < pattern.endIndex, pattern[p] == text[t] {
                (p, t) = (p + 1, t + 1)
            } else if let last = back {
                back = (last.p, last.t + 1)
                (p, t) = (last.p, last.t + 1)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
