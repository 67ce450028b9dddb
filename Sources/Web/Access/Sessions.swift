import Synchronization

/// Somebody who signed in with a browser.
struct Session: Sendable {
    /// Apart from the cookie, for what must differ by session and is no secret.
    let id: String
    /// Of the token that it stands on: when that is revoked, so is the session.
    let token: [UInt8]
    /// What a form must hold, so that no other page's form is taken for one of ours.
    let form: String
    /// By the monotonic clock.
    let endsAt: UInt64
}

/// Who is signed in. In memory alone: after a restart one signs in again.
final class Sessions: Sendable {
    static let lifetimeSeconds: UInt64 = 12 * 3_600
    private static let most = 1_000

    /// By the digest of the cookie, so that neither a dump nor the time of a comparison tells a cookie.
    private let all = Mutex<[[UInt8]: Session]>([:])

    /// - Returns: what goes into the cookie.
    func begin(token: [UInt8], now: UInt64) -> String {
        let cookie = AccessToken.random(bytes: 32)
        let session = Session(
            id: AccessToken.random(bytes: 9), token: token, form: AccessToken.random(bytes: 24),
            endsAt: now &+ Sessions.lifetimeSeconds * 1_000_000_000)
        all.withLock { all in
            all = all.filter { $0.value.endsAt > now }
            if all.count >= Sessions.most, let oldest = all.min(by: { $0.value.endsAt < $1.value.endsAt }) {
                all[oldest.key] = nil
            }
            all[AccessToken.digest(of: cookie.utf8)] = session
        }
        return cookie
    }

    func session(_ cookie: String, now: UInt64) -> Session? {
        guard cookie.utf8.count < 100 else { return nil }
        return all.withLock { $0[AccessToken.digest(of: cookie.utf8)] }.flatMap { $0.endsAt > now ? $0 : nil }
    }

    /// Whether somebody is signed in.
    func hasAny(now: UInt64) -> Bool { all.withLock { $0.values.contains { $0.endsAt > now } } }

    func end(_ session: Session) {
        all.withLock { all in all = all.filter { $0.value.id != session.id } }
    }
}

/// So many in a minute of each key, and no more.
final class Limiter: Sendable {
    private static let mostKeys = 10_000
    private static let window: UInt64 = 60_000_000_000

    private let most: Int
    private let counts = Mutex<[String: (since: UInt64, count: Int)]>([:])

    init(perMinute most: Int) { self.most = most }

    /// Whether there is room, without taking any; otherwise the seconds until there is.
    func wait(_ key: String, now: UInt64) -> Int? {
        counts.withLock { counts in
            guard let known = counts[key], now &- known.since < Limiter.window, known.count >= most else { return nil }
            return Int((Limiter.window - (now &- known.since)) / 1_000_000_000) + 1
        }
    }

    func count(_ key: String, now: UInt64) {
        counts.withLock { counts in
            if counts.count >= Limiter.mostKeys {
                counts = counts.filter { now &- $0.value.since < Limiter.window }
                // Whoever has so many addresses is not stopped by counting them.
                if counts.count >= Limiter.mostKeys { counts.removeAll() }
            }
            if let known = counts[key], now &- known.since < Limiter.window {
                counts[key] = (known.since, known.count + 1)
            } else {
                counts[key] = (now, 1)
            }
        }
    }
}
