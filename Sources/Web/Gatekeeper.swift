import Ambient
import Collector
import Digest
import Model
import Server

/// Who may read. Nobody may write: there is no request that does.
struct Gatekeeper: Sendable {
    /// Whether only this machine can connect.
    let isLoopback: Bool
    /// What a reader shows; nil: none is configured.
    let token: CachedSecret?
    /// The host of `public_url`, as a browser sends it; nil: none.
    let publicHost: String?

    init(isLoopback: Bool, token: CachedSecret?, publicURL: String?) {
        self.isLoopback = isLoopback
        self.token = token
        publicHost = publicURL.flatMap { url in
            url.split(separator: "/", omittingEmptySubsequences: true).dropFirst().first.map(String.init)
        }
    }

    /// Throws for whoever may not read.
    func check(_ request: ServerRequest) throws(Problem) {
        guard let token else {
            guard isLoopback else {
                throw Problem(
                    status: 403, title: "Closed",
                    detail:
                        "this address can be reached from other machines and no token is configured: set server: {read_token_file: …}, "
                        + "or listen on 127.0.0.1")
            }
            // A page from elsewhere may point a name of its own at this machine and read along with the browser's rights.
            let host = request.header("Host") ?? ""
            guard request.headerValues("Host").count <= 1, host.isEmpty || isOwn(host) else {
                throw Problem(
                    status: 403, title: "Unknown host",
                    detail:
                        "this address is asked by the name '\(Shown.id(host))', which is none of its own: name it in server: {public_url: …}"
                )
            }
            return
        }
        let expected: Secret
        do {
            expected = try token.value()
        } catch {
            throw Problem(
                status: 503, title: "No token",
                detail: "the token that readers must show cannot be read; the log of the start says why")
        }
        guard !expected.isEmpty, let given = Gatekeeper.shown(request),
            ConstantTime.equal(SHA256.digest(given), SHA256.digest(Array(expected.reveal().utf8)))
        else {
            throw Problem(
                status: 401, title: "Who are you?",
                detail:
                    "reading needs the token of server: {read_token_file: …}: as 'Authorization: Bearer TOKEN', or as the password that a browser asks for",
                headers: [
                    ("WWW-Authenticate", "Basic realm=\"mozaiks-ops\", charset=\"UTF-8\""),
                    ("WWW-Authenticate", "Bearer realm=\"mozaiks-ops\""),
                ])
        }
    }

    /// The token that a request shows: of `Bearer`, or the password of `Basic`.
    private static func shown(_ request: ServerRequest) -> [UInt8]? {
        let fields = request.headerValues("Authorization")
        guard fields.count == 1 else { return nil }
        let parts = fields[0].split(separator: UInt8(ascii: " "), maxSplits: 1)
        guard parts.count == 2 else { return nil }
        let rest = parts[1].drop { $0 == UInt8(ascii: " ") }
        switch String(decoding: parts[0], as: UTF8.self).lowercased() {
        case "bearer": return Array(rest)
        case "basic":
            guard let decoded = Base64.decode(String(decoding: rest, as: UTF8.self)),
                let colon = decoded.firstIndex(of: UInt8(ascii: ":"))
            else { return nil }
            return Array(decoded[(colon + 1)...])
        default: return nil
        }
    }

    private func isOwn(_ host: String) -> Bool {
        if let publicHost, host.lowercased() == publicHost.lowercased() { return true }
        var name = host[...]
        if let colon = name.lastIndex(of: ":"),
            name[name.index(after: colon)...].utf8.allSatisfy({ (48...57).contains($0) }), !name.hasSuffix("]")
        {
            name = name[..<colon]
        }
        let lower = name.lowercased()
        return lower == "localhost" || lower == "[::1]" || Gatekeeper.isLoopbackAddress(lower)
    }

    /// `127.` and three numbers: not the name of somebody's that begins so.
    private static func isLoopbackAddress(_ name: String) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
