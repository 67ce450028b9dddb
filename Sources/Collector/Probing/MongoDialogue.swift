import HTTP

/// Asks a MongoDB server what it is, as its drivers do before anybody logs in: `hello`, or to those that do not know it the
/// older `isMaster`.
struct MongoDialogue: WireDialogue {
    /// What a member of a replica set, or a server by itself, is there for.
    enum Role: String, Sendable, Hashable, CaseIterable {
        /// Takes reads and writes: a primary, and a server that is no member of a set.
        case primary
        case secondary, arbiter
        /// A router of a sharded cluster.
        case mongos
        /// None of these yet: it starts, recovers, or belongs to no set that has begun.
        case other
    }

    enum Outcome: Sendable, Equatable {
        /// The connection ended before an answer.
        case none
        /// What came is no answer of MongoDB.
        case foreign
        /// It does not know the command.
        case unknownCommand
        /// It answered that it cannot, with its number.
        case refused(code: Int?)
        case hello(Role, wireVersion: Int?)
    }

    /// Longer answers are none: a real one has some hundred bytes.
    private static let longest = 1 << 20
    private static let requestID: Int32 = 1
    private static let (reply, query, message) = (Int32(1), Int32(2004), Int32(2013))

    /// Whether the older command is sent, in the form that every server knows.
    let isOld: Bool
    private(set) var outcome = Outcome.none
    private var buffer: [UInt8] = []

    init(isOld: Bool = false) {
        self.isOld = isOld
    }

    mutating func begin() -> WireStep {
        .say(
            isOld
                ? MongoDialogue.framed(
                    MongoDialogue.query,
                    Int32(0).littleBytes + "admin.$cmd".utf8 + [0] + Int32(0).littleBytes + Int32(-1).littleBytes
                        + BSON.command("isMaster", database: nil))
                : MongoDialogue.framed(MongoDialogue.message, UInt32(0).littleBytes + [0] + BSON.command("hello")))
    }

    private static func framed(_ kind: Int32, _ body: [UInt8]) -> [UInt8] {
        Int32(16 + body.count).littleBytes + requestID.littleBytes + Int32(0).littleBytes + kind.littleBytes + body
    }

    mutating func receive(_ bytes: [UInt8]) -> WireStep {
        buffer += bytes
        var reader = ByteReader(buffer[...])
        guard let length = reader.little(Int32.self), let _ = reader.little(Int32.self), let answered = reader.little(Int32.self),
            let kind = reader.little(Int32.self)
        else { return .listen }
        guard (16...MongoDialogue.longest).contains(Int(length)), answered == MongoDialogue.requestID,
            kind == MongoDialogue.reply || kind == MongoDialogue.message
        else {
            outcome = .foreign
            return .done
        }
        guard let body = reader.take(Int(length) - 16) else { return .listen }
        outcome = MongoDialogue.outcome(of: body, kind)
        return .done
    }

    mutating func end() {}

    private static func outcome(of body: ArraySlice<UInt8>, _ kind: Int32) -> Outcome {
        var reader = ByteReader(body)
        // Flags, cursor and two counts before the documents of a reply; flags and the kind of section of a message.
        let head = kind == reply ? reader.take(20) : reader.take(5)
        guard let head, kind == reply || head.last == 0, let document = BSON(reader.rest) else { return .foreign }
        guard let ok = document.number("ok") else { return .foreign }
        guard ok == 1 else {
            let code = document.number("code").flatMap { Int(exactly: $0) }
            return code == 59 ? .unknownCommand : .refused(code: code)
        }
        let version = document.number("maxWireVersion").flatMap { Int(exactly: $0) }
        return .hello(role(document), wireVersion: version)
    }

    private static func role(_ document: BSON) -> Role {
        if document["msg"] == .text("isdbgrid") { return .mongos }
        if document.bool("isWritablePrimary") || document.bool("ismaster") { return .primary }
        if document.bool("secondary") { return .secondary }
        return document.bool("arbiterOnly") ? .arbiter : .other
    }
}
