import Ambient
import Model

/// How this program gets out: authorities, a certificate of its own, proxies.
public struct NetworkOptions: Sendable {
    /// For every peer that has none of its own.
    public var tls = TLSFiles()
    /// A folder of accepted authorities, named by their hashes; nil means the system's.
    public var caFolder: String?
    /// For `http` URLs: `http://host:port`, or `https`, `socks5`, `socks5h`. May hold a login.
    public var httpProxy: Secret?
    /// For `https` URLs.
    public var httpsProxy: Secret?
    /// Hosts that are asked without it: names with what is below them, names with stars in them, addresses, networks, each but
    /// a network with `:port` where it is for that port alone; with commas or blanks between. This machine is always asked
    /// directly.
    public var noProxy = ""

    public init() {}

    /// What the usual variables say: `SSL_CERT_FILE` before `CURL_CA_BUNDLE`, `SSL_CERT_DIR`; `http_proxy`,
    /// `https_proxy`, `all_proxy`, `no_proxy`, each in small or in capital letters.
    public init(_ environment: Environment) {
        func first(_ names: String...) -> String? { names.lazy.compactMap { trimmed(environment.nonEmpty($0)) }.first }
        tls.caFile = first("SSL_CERT_FILE", "CURL_CA_BUNDLE")
        caFolder = first("SSL_CERT_DIR")
        let all = first("all_proxy", "ALL_PROXY")
        httpProxy = (first("http_proxy", "HTTP_PROXY") ?? all).map { Secret($0) }
        httpsProxy = (first("https_proxy", "HTTPS_PROXY") ?? all).map { Secret($0) }
        noProxy = first("no_proxy", "NO_PROXY") ?? ""
    }

    /// The proxy for a host; nil where it is asked directly.
    func proxy(scheme: String, host: String, port: Int) -> Secret? {
        guard let proxy = scheme == "https" ? httpsProxy : httpProxy, !NetworkOptions.isThisMachine(host),
            !exceptions.contains(where: { $0.covers(host: host, port: port) })
        else { return nil }
        return proxy
    }

    /// For people: the proxy that is asked for a URL and looks its host up by itself, so that the name means nothing on this
    /// machine. Nil where it is asked directly, or by an address that is found here (`socks4`, `socks5`).
    public func resolvingProxy(for url: String) -> String? {
        guard let url = try? HTTPURL(url, hidesPath: true), let proxy = proxy(scheme: url.scheme, host: url.host, port: url.port) else {
            return nil
        }
        let place = NetworkOptions.place(proxy)
        return ["socks4://", "socks5://"].contains { place.hasPrefix($0) } ? nil : place
    }

    /// Where a proxy that is asked itself answers what goes by it: in plain HTTP. Nil for one that only passes bytes on.
    static func speaker(_ proxy: Secret, scheme: String) -> String? {
        let place = place(proxy)
        return scheme == "http" && ["http://", "https://"].contains { place.hasPrefix($0) } ? place : nil
    }

    /// What libcurl, too, understands of `noProxy`: it passes over what has a star or a port, without a word.
    var noProxyForCurl: String {
        exceptions.filter { $0.port == nil && ($0.host == "*" || !$0.host.utf8.contains(UInt8(ascii: "*"))) }.map(\.host).joined(
            separator: ",")
    }

    private var exceptions: [NoProxyEntry] {
        noProxy.split { $0 == "," || $0 == ";" || $0.isWhitespace }.map { NoProxyEntry(String($0)) }
    }

    /// For people: where the proxies are, without a login. Nil without one.
    public var proxyText: String? {
        let places = [httpProxy, httpsProxy].compactMap { $0.map(NetworkOptions.place) }
        guard let first = places.first else { return nil }
        return places.count == 2 && places[1] != first ? "\(first) (http) and \(places[1]) (https)" : first
    }

    /// Scheme, host and port of a proxy.
    static func place(_ proxy: Secret) -> String {
        let text = proxy.reveal()
        var rest = text[...]
        var scheme = "http"
        if let end = text.firstIndex(ofBytes: "://") {
            scheme = String(text[..<end]).lowercased()
            rest = text[text.utf8.index(end, offsetBy: 3)...]
        }
        rest = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if let at = rest.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
        let isPlain = rest.utf8.count <= 200 && (scheme + rest).utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        return isPlain && !rest.isEmpty ? "\(scheme)://\(rest)" : "(unreadable)"
    }

    private static func isThisMachine(_ host: String) -> Bool {
        host == "localhost" || host.hasSuffix(".localhost") || host == "[::1]" || host.hasPrefix("127.")
    }
}

private func trimmed(_ text: String?) -> String? {
    guard let text else { return nil }
    let blank: (UInt8) -> Bool = { $0 <= 0x20 }
    let bytes = Array(text.utf8.drop(while: blank).reversed().drop(while: blank).reversed())
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
}
