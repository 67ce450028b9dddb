import Model

/// What a request target means to a runtime: the start of a run of one workflow of one app, something that may start one, or
/// something else.
///
/// | request | what it does |
/// |---|---|
/// | `POST /api/chats/{app_id}/{workflow}/start` | starts a run |
/// | a websocket at `/ws/{workflow}/{app_id}/{chat_id}/{user_id}` | joins a run; starts one where the chat is new, or has ended |
/// | `POST /chat/{app_id}/{chat_id}/{user_id}/input` | answers a run; runs a chat that has ended again |
///
/// The gate must read a target as the runtime behind the proxy will, or a paused tenant spells its way past it.
/// What happens to `POST /api/chats/{app_id}/{workflow}/start` on its way, and what follows from it:
///
/// - **nginx** picks a `location` by its own normalised path (decoded once, `//` merged, `.` and `..` resolved), but
///   `proxy_pass http://runtime;` without a path, as in `docs/deploy/nginx.conf`, forwards the target as the client
///   sent it; `$request_uri`, which it shows the gate, is that same target.
/// - **uvicorn** cuts the target at `?`, percent-decodes the path once, *before* routing, and resolves nothing. Bytes
///   that are not UTF-8 become U+FFFD. With httptools it also cuts at `#` and takes the path of an absolute-form
///   target; with h11 it does neither. `%zz` stays as it is.
/// - **Starlette** matches `^/api/chats/([^/]+)/([^/]+)/start$`, case-sensitive. As decoding came first, `%2F` is a
///   slash. As `$` also matches before a final line feed, `start%0A` is a start. A trailing slash is answered with
///   a 307 to the target without it, which comes back as a request of its own.
/// - **the runtime** takes white space off around the app's id before it looks for the tenant's data: `app%20` is `app`.
///
/// So `direct` is: decode once, compare the segments. `//api/chats/…`, `/x/../api/chats/…` and `/API/…` are 404 in the
/// runtime and no starts, while `..` as a workflow is a workflow called `..`.
///
/// A proxy that forwards its *normalised* path (`proxy_pass http://runtime/;`) turns some of those into starts.
/// They are `normalised` starts: refused by the leases of the app they name, so that nobody sneaks through,
/// but never counted, because with the documented configuration they never reach that app: a stranger's crafted path
/// cannot use up a tenant's allowance.
struct StartRoute: Hashable, Sendable {
    enum Spelling: Hashable, Sendable { case direct, normalised }

    let app: AppID
    /// Nil where the request does not say.
    let pack: PackID?
    /// The bytes of the chat's id; nil for a chat that gets its name only now.
    let chat: [UInt8]?
    let spelling: Spelling

    /// Reads a request; nil when no runtime would start a run for it. Methods are case-sensitive. A GET is taken for a websocket:
    /// a proxy asks about no other. So is a CONNECT: over HTTP/2 and HTTP/3 a websocket is opened with one (RFC 8441, RFC 9220),
    /// and the proxy makes an upgrade of it on its way to the runtime.
    init?(method: String, target: some Collection<UInt8>) {
        let isSocket = method == "GET" || method == "CONNECT"
        guard isSocket || method == "POST" else { return nil }
        let whole = Self.withoutOrigin(Array(target)).prefix { $0 != UInt8(ascii: "?") }
        let path = whole.prefix { $0 != UInt8(ascii: "#") }
        // Most requests are something else entirely; they are done here.
        guard !path.isEmpty else { return nil }
        func named(_ segments: [ArraySlice<UInt8>]) -> Named? {
            isSocket ? Self.socket(segments) : Self.start(segments) ?? Self.input(segments)
        }
        let decoded = PercentEncoding.unescape(path)
        let found: (Named, Spelling)? =
            if let direct = named(Self.segments(decoded)) {
                (direct, .direct)
            } else if whole.count > path.count, let direct = named(Self.segments(PercentEncoding.unescape(whole))) {
                (direct, .direct)
            } else if let other = named(Self.normalised(Self.segments(decoded))) {
                (other, .normalised)
            } else {
                nil
            }
        guard let found else { return nil }
        app = AppID(bytes: Self.repaired(found.0.app)).stored
        pack = found.0.pack.map { PackID(bytes: Self.repaired($0)) }
        chat = found.0.chat.map(Self.repaired)
        spelling = found.1
    }

    private struct Named {
        var app: ArraySlice<UInt8>
        var pack: ArraySlice<UInt8>?
        var chat: ArraySlice<UInt8>?
    }

    /// Drops `http://authority`, if there is one.
    private static func withoutOrigin(_ target: [UInt8]) -> ArraySlice<UInt8> {
        for scheme in ["http://", "https://"] {
            let head = target.prefix(scheme.utf8.count)
            if head.elementsEqual(scheme.utf8, by: { $0 | 0x20 == $1 | 0x20 }) {
                return target[head.endIndex...].drop { !"/?#".utf8.contains($0) }
            }
        }
        return target[...]
    }

    /// The path between its slashes. The first segment of a path is empty, as it begins with a slash.
    private static func segments(_ decoded: [UInt8]) -> [ArraySlice<UInt8>] {
        let path = decoded.last == UInt8(ascii: "\n") ? decoded.dropLast() : decoded[...]
        return path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    }

    private static func start(_ segments: [ArraySlice<UInt8>]) -> Named? {
        guard segments.count == 6, matches(segments, ["", "api", "chats", nil, nil, "start"]) else { return nil }
        return Named(app: segments[3], pack: segments[4])
    }

    private static func input(_ segments: [ArraySlice<UInt8>]) -> Named? {
        guard segments.count == 6, matches(segments, ["", "chat", nil, nil, nil, "input"]) else { return nil }
        return Named(app: segments[2], chat: segments[3])
    }

    private static func socket(_ segments: [ArraySlice<UInt8>]) -> Named? {
        guard segments.count == 6, matches(segments, ["", "ws", nil, nil, nil, nil]) else { return nil }
        return Named(app: segments[3], pack: segments[2], chat: segments[4])
    }

    /// Whether the segments are these words, and anything that is not empty where a word is nil.
    private static func matches(_ segments: [ArraySlice<UInt8>], _ words: [StaticString?]) -> Bool {
        for (segment, word) in zip(segments, words) {
            if let word {
                guard word.withUTF8Buffer({ $0.elementsEqual(segment) }) else { return false }
            } else if segment.isEmpty {
                return false
            }
        }
        return true
    }

    /// UTF-8 with every maximal part that is none replaced by U+FFFD, as Python's `unquote` does.
    private static func repaired(_ segment: ArraySlice<UInt8>) -> [UInt8] {
        Array(String(decoding: segment, as: UTF8.self).utf8)
    }

    /// Without empty and dot segments, as a proxy would forward it. A slash at the end stays.
    private static func normalised(_ segments: [ArraySlice<UInt8>]) -> [ArraySlice<UInt8>] {
        var kept: [ArraySlice<UInt8>] = [[]]
        for segment in segments.dropFirst() where !segment.isEmpty && !segment.elementsEqual(".".utf8) {
            if segment.elementsEqual("..".utf8) {
                if kept.count > 1 { kept.removeLast() }
            } else {
                kept.append(segment)
            }
        }
        if let last = segments.last, [[], [0x2E], [0x2E, 0x2E]].contains(last) { kept.append([]) }
        return kept
    }
}
