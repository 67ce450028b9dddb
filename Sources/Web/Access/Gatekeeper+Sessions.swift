import Ambient
import Collector
import Configuration
import Digest
import Model
import Server

/// Signing in and out, and the cookie that says so.
extension Gatekeeper {
    /// The cookie for a token that somebody typed. Throws when nobody has it.
    func signIn(_ typed: String, _ request: ServerRequest) throws(Problem) -> String {
        let now = clock.monotonicNanoseconds()
        let bytes = Array(typed.utf8)
        if let found = try book().token(bytes, at: clock.now()) { return cookie(found.digest, request, now) }
        if let seconds = failures.wait(request.remoteAddress, now: now) { throw Gatekeeper.slower(seconds) }
        if try isReadToken(bytes) { return cookie(AccessToken.digest(of: bytes), request, now) }
        failures.count(request.remoteAddress, now: now)
        throw Problem(status: 401, title: "Not known", detail: "nobody has that token now; it was revoked, has ended, or is mistyped")
    }

    func cookie(_ digest: [UInt8], _ request: ServerRequest, _ now: UInt64) -> String {
        let value = sessions.begin(token: digest, now: now)
        return Gatekeeper.cookie(value, isSecure: comesByTLS(request), seconds: Sessions.lifetimeSeconds)
    }

    /// Ends the session, and the cookie with it.
    func signOut(_ session: Session, _ request: ServerRequest) -> String {
        sessions.end(session)
        return Gatekeeper.cookie("", isSecure: comesByTLS(request), seconds: 0)
    }

    private func comesByTLS(_ request: ServerRequest) -> Bool {
        let origin = (request.header("Origin") ?? "").lowercased()
        let host = (request.header("Host") ?? "").lowercased()
        return request.isEncrypted || origin.utf8.starts(with: "https://".utf8)
            || (isPublicSafe && (publicHost.map { host.isSame(as: $0) } ?? false))
    }

    private static let plainName = "mozaiks-ops"
    /// Browsers take a cookie of such a name over TLS alone, and from no neighbouring host.
    private static let secureName = "__Host-mozaiks-ops"

    static func cookie(_ value: String, isSecure: Bool, seconds: UInt64) -> String {
        "\(isSecure ? secureName : plainName)=\(value); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict\(isSecure ? "; Secure" : "")"
    }

    func signedIn(_ request: ServerRequest) -> Session? {
        let now = clock.monotonicNanoseconds()
        let host = (request.header("Host") ?? "").lowercased()
        let isPublic = request.isEncrypted || isPublicSafe && (publicHost.map { host.isSame(as: $0) } ?? false)
        // Where one comes by TLS, a cookie of the plain name may be one that somebody on the way put there.
        let names = isPublic ? [Gatekeeper.secureName] : [Gatekeeper.secureName, Gatekeeper.plainName]
        for field in request.headerValues("Cookie") {
            for pair in field.split(separator: UInt8(ascii: ";")) {
                let text = String(decoding: pair.drop { $0 == UInt8(ascii: " ") }, as: UTF8.self)
                for name in names
                where text.utf8.starts(with: (name + "=").utf8) {
                    if let session = sessions.session(String(text.dropFirst(name.count + 1)), now: now) { return session }
                }
            }
        }
        return nil
    }
}
