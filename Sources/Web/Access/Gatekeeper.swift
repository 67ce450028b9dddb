import Ambient
import Collector
import Configuration
import Digest
import Model
import Server

/// Who may read, and who may write.
///
/// Reading is open on loopback without `read_token`, to whoever comes through no proxy, and closed otherwise. Writing needs a token
/// with a role, always: as `Bearer`, or in a session that a browser signed in for, whose forms carry what no other page knows.
struct Gatekeeper: Sendable {
    /// Whether only this machine can connect.
    let isLoopback: Bool
    /// What a reader shows; nil: none is configured.
    let token: CachedSecret?
    /// The host of `public_url`, as a browser sends it; nil: none.
    let publicHost: String?
    /// Whether that is a name by which others come.
    private let isForTheWorld: Bool
    /// `https://ops.example.com`, as a browser names where a form came from; nil: no `public_url`.
    let publicOrigin: String?
    let tokens: TokenFile
    let proxies: TrustedProxies?
    /// What they show besides; nil: their address is enough.
    let proxySecret: CachedSecret?
    /// Of this process, for the forms of people whom a proxy names.
    private let seal = AccessToken.random(bytes: 32)
    let sessions = Sessions()
    let clock: any Clock
    /// Tokens that nobody has, by address: guessing is hopeless, and made slow all the same.
    let failures = Limiter(perMinute: 20)
    private let writes = Limiter(perMinute: 60)

    init(
        isLoopback: Bool, token: CachedSecret?, publicURL: String?, tokens: TokenFile, proxies: TrustedProxies? = nil,
        proxySecret: CachedSecret? = nil, clock: any Clock
    ) {
        self.proxies = proxies
        self.proxySecret = proxySecret
        self.isLoopback = isLoopback
        self.token = token
        self.tokens = tokens
        self.clock = clock
        let parts = Gatekeeper.parts(of: publicURL)
        let host = parts?.dropFirst().first
        publicHost = host
        isForTheWorld = Gatekeeper.isForTheWorld(publicURL: publicURL)
        publicOrigin = host.flatMap { host in parts?.first.map { "\($0)//\(host)" } }
    }

    /// `https:` and the host of an address, with its port, in small letters.
    private static func parts(of url: String?) -> [String]? {
        url?.split(separator: "/", omittingEmptySubsequences: true).prefix(2).map { $0.lowercased() }
    }

    /// Whether a `public_url` says that people come from elsewhere, through a proxy: one by which this machine calls itself does not.
    static func isForTheWorld(publicURL: String?) -> Bool {
        parts(of: publicURL)?.dropFirst().first.map { !isOwnLoopback($0) } ?? false
    }

    var isPublicSafe: Bool { publicOrigin?.utf8.starts(with: "https://".utf8) ?? false }

    // MARK: - Reading

    /// Who asks. Throws for whoever may not even read.
    func visitor(_ request: ServerRequest) throws(Problem) -> Visitor {
        let given = try credential(request)
        if let given, let visitor = try known(given, request) { return visitor }
        var ended: String?
        if let session = signedIn(request) {
            if let visitor = try known(session) { return visitor }
            ended = try why(session)
        }
        if let visitor = try named(request) { return visitor }
        guard token != nil else {
            if isLoopback {
                try checkHost(request)
                // Whoever comes through a proxy is anybody, though the proxy is on this machine.
                guard !comesThroughProxy(request) else { throw stranger(given, request, ended) }
                return Visitor(name: nil, role: .viewer, way: .nobody, ended: ended)
            }
            guard try book().hasAny(at: clock.now()) else {
                throw Problem(
                    status: 403, title: "Closed",
                    detail:
                        "this address can be reached from other machines and no token is configured: set server: {read_token_file: …}, "
                        + "make a token with 'mozaiks-ops token create', or listen on 127.0.0.1")
            }
            throw stranger(given, request, ended)
        }
        throw stranger(given, request, ended)
    }

    /// Whoever a trusted proxy says that it is; nil where none says anything. From elsewhere its header counts for nothing.
    private func named(_ request: ServerRequest) throws(Problem) -> Visitor? {
        guard let proxies, proxies.ranges.contains(where: { $0.contains(request.remoteAddress) }) else { return nil }
        let values = request.headerValues(proxies.header)
        guard !values.isEmpty, try showsSecret(request) else { return nil }
        // Blanks around a value are none of it (RFC 9110).
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        let value = values.first?.drop(while: isBlank).reversed().drop(while: isBlank).reversed() ?? []
        guard values.count == 1, let name = String(validating: value, as: UTF8.self), (1...200).contains(name.utf8.count),
            !name.unicodeScalars.contains(where: Shown.isInvisible), name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else { throw .badRequest("the proxy's header '\(proxies.header)' holds no name of a user, or more than one") }
        func holds(_ names: [String]) -> Bool { names.contains { $0.isSame(as: name) } }
        let role: Role = holds(proxies.approvers) ? .approver : holds(proxies.operators) ? .operator : .viewer
        let form = SHA256.hex(Array((seal + "\0" + name).utf8))
        return Visitor(
            name: name, role: role, way: .proxy(Session(id: "user:" + name, token: [], form: form, endsAt: .max)))
    }

    private static let secretHeader = "X-Mozaiks-Proxy-Secret"

    /// Whether it comes from a proxy and not from somebody else at its address.
    private func showsSecret(_ request: ServerRequest) throws(Problem) -> Bool {
        guard let proxySecret else { return true }
        let expected: Secret
        do {
            expected = try proxySecret.value()
        } catch {
            throw Problem(
                status: 503, title: "No secret",
                detail: "the secret that the proxy must show cannot be read; the log of the start says why")
        }
        let shown = request.headerValues(Gatekeeper.secretHeader)
        return shown.count == 1 && !expected.isEmpty
            && ConstantTime.equal(SHA256.digest(shown[0]), SHA256.digest(Array(expected.reveal().utf8)))
    }

    /// Why a session opens nothing any more.
    func why(_ session: Session) throws(Problem) -> String {
        guard let found = try book().tokens.first(where: { ConstantTime.equal($0.digest, session.token) }) else {
            return "you are signed out: the token that you signed in with is no longer known"
        }
        if found.revokedAt != nil { return "you are signed out: the token '\(found.name)' was revoked" }
        return "you are signed out: the token '\(found.name)' has ended\(found.expiresAt.map { " at \($0)" } ?? "")"
    }

    /// A page from elsewhere may point a name of its own at this machine and read along with the browser's rights.
    private func checkHost(_ request: ServerRequest) throws(Problem) {
        let host = request.header("Host") ?? ""
        guard request.headerValues("Host").count <= 1, host.isEmpty || isOwn(host) else {
            throw Problem(
                status: 403, title: "Unknown host",
                detail:
                    "this address is asked by the name '\(Shown.id(host))', which is none of its own: name it in server: {public_url: …}"
            )
        }
    }

    /// Whether somebody may have forwarded it. A page with a name for the world has a proxy before it, and the plainest one adds
    /// nothing and calls us by our own address: then everybody may be anybody. Without such a name, what proxies add tells.
    private func comesThroughProxy(_ request: ServerRequest) -> Bool {
        isForTheWorld || Gatekeeper.isForwarded(request)
    }

    /// Whether a proxy says that it forwards it.
    private static func isForwarded(_ request: ServerRequest) -> Bool {
        ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via"]
            .contains { !request.headerValues($0).isEmpty }
    }

    private func stranger(_ given: Credential?, _ request: ServerRequest, _ ended: String? = nil) -> Problem {
        let tokens = (try? book()) ?? TokenBook()
        // A browser's own question would stand before the page on which one signs in.
        let asks: [(name: String, value: String)] =
            token != nil && !tokens.hasAny(at: clock.now())
            ? [("WWW-Authenticate", "Basic realm=\"mozaiks-ops\", charset=\"UTF-8\"")] : []
        return Problem(
            status: 401, title: ended == nil ? "Who are you?" : "Signed out",
            detail: ended.map { "\($0); sign in with another at /sign-in" }
                ?? "\(given == nil ? "this needs a token" : "nobody has that token now"): \(opening(request))",
            headers: asks + [("WWW-Authenticate", "Bearer realm=\"mozaiks-ops\"")],
            plainly: given == nil && ended == nil
                ? "Sign in first. Whoever runs the monitor makes a token for each of you: 'mozaiks-ops token create NAME'." : nil)
    }

    /// Which token would open it, and how it is shown. An order takes none that only reads, and no sign-in.
    private func opening(_ request: ServerRequest) -> String {
        let path = request.path
        if request.method == "POST", path.utf8.starts(with: API.prefix.utf8) {
            let role = Order.Kind.at(String(path.dropFirst(API.prefix.count)))?.kind.role ?? .operator
            return "one that 'mozaiks-ops token create NAME --role \(role.rawValue)' made, as 'Authorization: Bearer TOKEN'"
        }
        let reads = token == nil ? "" : ", or that of server: {read_token_file: …}"
        return "one that 'mozaiks-ops token create' made\(reads); as 'Authorization: Bearer TOKEN', or sign in at /sign-in"
    }

    // MARK: - Writing

    /// Throws unless whoever asks may do what needs that role. Counts it.
    func allow(_ needed: Role, _ visitor: Visitor, _ request: ServerRequest) throws(Problem) {
        switch visitor.way {
        case .nobody:
            let now = clock.monotonicNanoseconds()
            if let seconds = failures.wait(request.remoteAddress, now: now) { throw Gatekeeper.slower(seconds) }
            let given = try credential(request)
            if given != nil { failures.count(request.remoteAddress, now: now) }
            throw stranger(given, request)
        case .basic:
            throw Problem(
                status: 403, title: "Not this way",
                detail:
                    "a browser sends a password along by itself, also for others: show the token as 'Authorization: Bearer TOKEN', or sign in at /sign-in"
            )
        case .bearer, .session, .proxy: break
        }
        try checkWay(request)
        guard visitor.name != nil, visitor.role >= needed else {
            throw Problem(
                status: 403, title: "Not yours to do",
                detail:
                    "this needs the role '\(needed.rawValue)', and \(visitor.name.map { "\(visitor.hasSignedIn || visitor.session == nil ? "the token" : "the user") '\(Shown.id($0))' has '\(visitor.role.rawValue)'" } ?? "the token of server: {read_token_file: …} only reads"): mozaiks-ops token create NAME --role \(needed.rawValue)"
            )
        }
        let now = clock.monotonicNanoseconds()
        for key in [visitor.actor, "address " + request.remoteAddress] {
            if let seconds = writes.wait(key, now: now) { throw Gatekeeper.slower(seconds) }
        }
        for key in [visitor.actor, "address " + request.remoteAddress] { writes.count(key, now: now) }
    }

    static func slower(_ seconds: Int) -> Problem {
        Problem(
            status: 429, title: "Too many", detail: "try again in \(seconds) seconds",
            headers: [("Retry-After", "\(seconds)")])
    }

    /// A token, or a cookie, on its way in the clear is everybody's. Over TLS one comes by `public_url`; without it only within
    /// this machine.
    func checkWay(_ request: ServerRequest) throws(Problem) {
        let hosts = request.headerValues("Host")
        let host = (request.header("Host") ?? "").lowercased()
        guard hosts.count <= 1 else { throw .badRequest("there is more than one Host") }
        if request.isEncrypted { return }
        if isPublicSafe, let publicHost, host.isSame(as: publicHost) { return }
        // What a proxy on this machine forwards came to it by a way that nobody here knows: its connection to us says nothing of it.
        let isForwarded = Gatekeeper.isForwarded(request)
        let isNear = Gatekeeper.isLoopback(peer: request.remoteAddress) && !isForwarded
        guard isNear, host.isEmpty || Gatekeeper.isOwnLoopback(host) else {
            throw Problem(
                status: 403, title: "Not over plain HTTP",
                detail:
                    "nothing is changed, and nobody signs in, over a connection that others can read along: come by the https address of "
                    + "server: {public_url: …}, with a proxy in front that has a certificate"
                    + (isForwarded ? " and passes the name on by which it was asked (in nginx: proxy_set_header Host $host)" : "")
                    + ", give the server one (server: {certificate: …, key: …}), or come from this machine by 127.0.0.1 (ssh -L)")
        }
    }

    /// Throws unless a form was sent by a page of ours: by what browsers say of where it comes from. Whoever says nothing is no
    /// browser, and has no cookie to be misused.
    func checkOrigin(_ request: ServerRequest) throws(Problem) {
        let foreign = Problem(
            status: 403, title: "From elsewhere",
            detail: "this form was not sent by a page of this address: open it here and press again")
        let sites = request.headerValues("Sec-Fetch-Site")
        let origins = request.headerValues("Origin")
        guard sites.count <= 1, origins.count <= 1, !(sites.isEmpty && origins.isEmpty) else { throw foreign }
        if let site = request.header("Sec-Fetch-Site"), !site.isSame(as: "same-origin") { throw foreign }
        if let origin = request.header("Origin")?.lowercased() {
            let host = (request.header("Host") ?? "").lowercased()
            let isHere = ["http://", "https://"].contains { origin.isSame(as: $0 + host) } && !host.isEmpty
            let isPublic = publicOrigin.map { origin.isSame(as: $0) } ?? false
            guard isHere || isPublic else { throw foreign }
        }
    }

    // MARK: - Addresses

    private func isOwn(_ host: String) -> Bool {
        if let publicHost, host.lowercased().isSame(as: publicHost) { return true }
        return Gatekeeper.isOwnLoopback(host)
    }

    static func isLoopback(peer: String) -> Bool {
        let peer = peer.utf8.starts(with: "::ffff:".utf8) ? String(peer.dropFirst(7)) : peer
        return peer == "::1" || isLoopbackAddress(peer)
    }

    private static func isOwnLoopback(_ host: String) -> Bool {
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
