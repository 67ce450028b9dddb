import Ambient
import Collector
import Configuration
import Digest
import Model
import Server

/// Tokens as requests show them, and whose they are.
extension Gatekeeper {
    struct Credential {
        let bytes: [UInt8]
        let isBearer: Bool
    }

    func book() throws(Problem) -> TokenBook {
        do throws(TokenFile.Failure) {
            return try tokens.book()
        } catch {
            throw Problem(
                status: 503, title: "No tokens", detail: "the tokens cannot be read: 'mozaiks-ops token list' says why")
        }
    }

    func isReadToken(_ given: [UInt8]) throws(Problem) -> Bool {
        guard let token else { return false }
        let expected: Secret
        do {
            expected = try token.value()
        } catch {
            throw Problem(
                status: 503, title: "No token",
                detail: "the token that readers must show cannot be read; the log of the start says why")
        }
        return !expected.isEmpty
            && ConstantTime.equal(SHA256.digest(given), SHA256.digest(Array(expected.reveal().utf8)))
    }

    func known(_ given: Credential, _ request: ServerRequest) throws(Problem) -> Visitor? {
        let way: Visitor.Way = given.isBearer ? .bearer : .basic
        // Those hold 256 random bits: whoever has one is not kept out because a neighbour guesses.
        if let found = try book().token(given.bytes, at: clock.now()) {
            return Visitor(name: found.name, role: found.role, way: way)
        }
        // Where everybody reads, what a proxy puts there for others is nobody's guess.
        guard !isLoopback || token != nil else { return nil }
        let now = clock.monotonicNanoseconds()
        if let seconds = failures.wait(request.remoteAddress, now: now) { throw Gatekeeper.slower(seconds) }
        if try isReadToken(given.bytes) { return Visitor(name: nil, role: .viewer, way: way) }
        failures.count(request.remoteAddress, now: now)
        return nil
    }

    /// Nil when the token that the session stands on is no longer in force.
    func known(_ session: Session) throws(Problem) -> Visitor? {
        let now = clock.now()
        let found = try book().tokens.first { ConstantTime.equal($0.digest, session.token) }
        if let found {
            guard found.isInForce(at: now) else { return nil }
            return Visitor(name: found.name, role: found.role, way: .session(session))
        }
        guard let token, let expected = try? token.value(), !expected.isEmpty,
            ConstantTime.equal(AccessToken.digest(of: Array(expected.reveal().utf8)), session.token)
        else { return nil }
        return Visitor(name: nil, role: .viewer, way: .session(session))
    }

    /// The token that a request shows: of `Bearer`, or the password of `Basic`.
    func credential(_ request: ServerRequest) throws(Problem) -> Credential? {
        let fields = request.headerValues("Authorization")
        guard fields.count == 1 else { return nil }
        let parts = fields[0].split(separator: UInt8(ascii: " "), maxSplits: 1)
        guard parts.count == 2 else { return nil }
        let rest = parts[1].drop { $0 == UInt8(ascii: " ") }
        switch String(decoding: parts[0], as: UTF8.self).lowercased() {
        case "bearer": return Credential(bytes: Array(rest), isBearer: true)
        case "basic":
            guard let decoded = Base64.decode(String(decoding: rest, as: UTF8.self)),
                let colon = decoded.firstIndex(of: UInt8(ascii: ":"))
            else { return nil }
            return Credential(bytes: Array(decoded[(colon + 1)...]), isBearer: false)
        default: return nil
        }
    }
}
