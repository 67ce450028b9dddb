import Model

/// What a request target means to a runtime: the start of a run of one workflow of one app, or something else.
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
///
/// So `direct` is: decode once, compare five segments. `//api/chats/…`, `/x/../api/chats/…` and `/API/…` are 404 in the
/// runtime and no starts, while `..` as a workflow is a workflow called `..`.
///
/// A proxy that forwards its *normalised* path (`proxy_pass http://runtime/;`) turns some of those into starts.
/// They are `normalised` starts: refused by the leases of the app they name, so that nobody sneaks through,
/// but never counted, because with the documented configuration they never reach that app: a stranger's crafted path
/// cannot use up a tenant's allowance.
struct StartRoute: Hashable, Sendable {
    enum Spelling: Hashable, Sendable { case direct, normalised }

    let app: AppID
    let pack: PackID
    let spelling: Spelling

    /// Reads a target in origin form or absolute form; nil when no runtime would start a run for it.
    init?(target: some Collection<UInt8>) {
        let whole = Self.withoutOrigin(Array(target)).prefix { $0 != UInt8(ascii: "?") }
        let path = whole.prefix { $0 != UInt8(ascii: "#") }
        // Most requests are something else entirely; they are done here.
        guard !path.isEmpty else { return nil }
        let decoded = WireDecoding.percentDecoded(path)
        if let (app, pack) = Self.start(Self.segments(decoded)) {
            (self.app, self.pack, spelling) = (app, pack, .direct)
        } else if whole.count > path.count,
            let (app, pack) = Self.start(Self.segments(WireDecoding.percentDecoded(whole)))
        {
            (self.app, self.pack, spelling) = (app, pack, .direct)
        } else if let (app, pack) = Self.start(Self.normalised(Self.segments(decoded))) {
            (self.app, self.pack, spelling) = (app, pack, .normalised)
        } else {
            return nil
        }
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

    private static func start(_ segments: [ArraySlice<UInt8>]) -> (AppID, PackID)? {
        guard segments.count == 6, segments[0].isEmpty, segments[1].elementsEqual("api".utf8),
            segments[2].elementsEqual("chats".utf8), segments[5].elementsEqual("start".utf8),
            !segments[3].isEmpty, !segments[4].isEmpty
        else { return nil }
        return (AppID(bytes: repaired(segments[3])), PackID(bytes: repaired(segments[4])))
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
