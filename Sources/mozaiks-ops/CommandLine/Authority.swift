/// Host and port of a URL that was checked when the configuration was read.
struct Authority {
    let host: String
    let port: Int

    init?(url: String) {
        guard let scheme = url.firstRange("://") else { return nil }
        let rest = url[scheme...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let place = rest.split(separator: "@", omittingEmptySubsequences: false).last ?? rest
        let isSecure = url.lowercased().hasPrefix("https")
        if let colon = place.lastIndex(of: ":"), !place[colon...].contains("]") {
            guard let port = Int(place[place.index(after: colon)...]) else { return nil }
            (host, self.port) = (place[..<colon].lowercased(), port)
        } else {
            (host, port) = (place.lowercased(), isSecure ? 443 : 80)
        }
    }
}

extension String {
    /// The index behind the first occurrence of a text.
    fileprivate func firstRange(_ text: String) -> Index? {
        var rest = self[...]
        while !rest.isEmpty {
            if rest.hasPrefix(text) { return rest.dropFirst(text.count).startIndex }
            rest = rest.dropFirst()
        }
        return nil
    }
}
