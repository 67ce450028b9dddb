import JSONParsing
import Model

/// What a gate needs of one runtime besides the leases, as the journal keeps it for the gates of other monitors: what ran at the
/// last poll, of the apps under a lease. Schema `mozaiks.ops/gate-sheet/v1`.
public enum GateSheet {
    public static let schema = "mozaiks.ops/gate-sheet/v1"
    /// Of states; a runtime's name follows.
    public static let runsPrefix = "gate-runs:"
    public static let appsPrefix = "gate-apps:"
    /// So many chats of one app are told one by one. With more the gates of others do not know which go on, and let them in.
    static let mostChats = 4_096

    /// What ran, in a fixed order; the same bytes for the same figures.
    public static func bytes(_ runs: OpenRuns) -> [UInt8] {
        let apps = runs.apps.sorted { $0.key < $1.key }.map { app, known -> JSON in
            let chats = known.chats.flatMap { $0.count <= mostChats ? $0.sorted() : nil }
            let halves = chats?.flatMap { [$0.high, $0.low] }.map { JSON.int(Int64(bitPattern: $0)) }
            return [
                "app_id": .string(app.text), "active": known.active.map { .int(Int64($0)) } ?? .null,
                "starts": known.starts.map(JSON.int) ?? .null, "chats": halves.map(JSON.array) ?? .null,
            ]
        }
        return (["schema": .string(schema), "at_ms": .int(runs.at.milliseconds), "apps": .array(apps)] as JSON).serializedBytes()
    }

    /// Nil for what this version does not understand.
    public static func runs(_ bytes: [UInt8]) -> OpenRuns? {
        guard let document = try? JSON(parsing: bytes), document["schema"]?.string?.isSame(as: schema) ?? false,
            let at = document["at_ms"]?.int, let rows = document["apps"]?.array
        else { return nil }
        var apps: [AppID: OpenRuns.App] = [:]
        for row in rows {
            guard let id = row["app_id"]?.string else { return nil }
            apps[AppID(id)] = OpenRuns.App(
                active: row["active"]?.int.map { Int(clamping: $0) }, starts: row["starts"]?.int, chats: row["chats"]?.array.map(chats))
        }
        return OpenRuns(at: Timestamp(milliseconds: at), apps: apps)
    }

    /// Each is two numbers.
    private static func chats(_ halves: [JSON]) -> Set<StableHash> {
        var chats: Set<StableHash> = []
        for index in stride(from: 0, to: halves.count - 1, by: 2) {
            guard let high = halves[index].int, let low = halves[index + 1].int else { continue }
            chats.insert(StableHash(high: UInt64(bitPattern: high), low: UInt64(bitPattern: low)))
        }
        return chats
    }

    /// The apps that a runtime has shown, for the gates of others: whom they count by name.
    public static func bytes(apps: [AppID]) -> [UInt8] {
        (["schema": .string(schema), "apps": .array(apps.map { .string($0.text) })] as JSON).serializedBytes()
    }

    public static func apps(_ bytes: [UInt8]) -> [AppID]? {
        guard let document = try? JSON(parsing: bytes), document["schema"]?.string?.isSame(as: schema) ?? false else { return nil }
        return document["apps"]?.array?.compactMap { $0.string.map { AppID($0) } }
    }
}
