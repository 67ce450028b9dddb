import HTTP

@testable import Collector

/// Answers of databases, byte by byte.
enum Talk {
    /// A document of BSON.
    static func bson(_ members: [(String, BSONMember)]) -> [UInt8] {
        var body: [UInt8] = []
        for (name, member) in members { body += [member.type] + Array(name.utf8) + [0] + member.bytes }
        return Int32(body.count + 5).littleBytes + body + [0]
    }

    struct BSONMember {
        let type: UInt8
        let bytes: [UInt8]

        static func bool(_ value: Bool) -> BSONMember { BSONMember(type: 8, bytes: [value ? 1 : 0]) }
        static func int(_ value: Int32) -> BSONMember { BSONMember(type: 0x10, bytes: value.littleBytes) }
        static func long(_ value: Int64) -> BSONMember { BSONMember(type: 0x12, bytes: value.littleBytes) }
        static func double(_ value: Double) -> BSONMember { BSONMember(type: 1, bytes: value.bitPattern.littleBytes) }
        static func text(_ value: String) -> BSONMember {
            BSONMember(type: 2, bytes: Int32(value.utf8.count + 1).littleBytes + value.utf8 + [0])
        }
        static func document(_ members: [(String, BSONMember)]) -> BSONMember { BSONMember(type: 3, bytes: Talk.bson(members)) }
    }

    /// What a member says to `hello`, with more beside it that nobody reads.
    static func hello(_ role: [(String, BSONMember)], ok: Double = 1) -> [UInt8] {
        bson(
            [
                ("helloOk", .bool(true)), ("topologyVersion", .document([("counter", .long(6))])),
                ("localTime", BSONMember(type: 9, bytes: Int64(1_700_000_000_000).littleBytes)),
                ("connectionId", .int(7)), ("maxWireVersion", .int(21)),
                ("lastWrite", .document([("opTime", BSONMember(type: 0x11, bytes: Int64(5).littleBytes))])),
                ("electionId", BSONMember(type: 7, bytes: [UInt8](repeating: 9, count: 12))),
            ] + role + [("ok", .double(ok))])
    }

    /// A message of MongoDB's wire protocol.
    static func message(_ document: [UInt8], kind: Int32 = 2013, to request: Int32 = 1) -> [UInt8] {
        let head =
            kind == 2013
            ? UInt32(0).littleBytes + [0] : Int32(8).littleBytes + Int64(0).littleBytes + Int32(0).littleBytes + Int32(1).littleBytes
        return Int32(16 + head.count + document.count).littleBytes + Int32(40).littleBytes + request.littleBytes + kind.littleBytes + head
            + document
    }

    /// A message of PostgreSQL's.
    static func postgres(_ kind: Character, _ body: [UInt8]) -> [UInt8] {
        [kind.asciiValue ?? 0] + Int32(body.count + 4).bigBytes + body
    }

    static func postgresError(_ state: String) -> [UInt8] {
        postgres("E", Array("SFATAL\0VFATAL\0C\(state)\0Mthe words of the server\0\0".utf8))
    }

    /// An answer of a name server, with a pointer to the question in each record.
    static func dns(
        _ message: DNSMessage, records: [UInt16], code: UInt16 = 0, isTruncated: Bool = false, count: UInt16? = nil
    ) -> [UInt8] {
        // Without the option at its end, which has 11 bytes.
        let question = message.question.dropFirst(12).dropLast(11)
        let flags = 0x8180 | code | (isTruncated ? 0x0200 : 0)
        let head =
            message.id.bigBytes + flags.bigBytes + UInt16(1).bigBytes + (count ?? UInt16(records.count)).bigBytes + UInt32(0).bigBytes
        var bytes: [UInt8] = head + Array(question)
        for type in records {
            bytes += [0xC0, 0x0C] + type.bigBytes + UInt16(1).bigBytes
            bytes += UInt32(60).bigBytes + UInt16(4).bigBytes + [192, 0, 2, 1]
        }
        return bytes
    }

    /// What a dialogue comes to when bytes come in pieces of a size, and the server closes behind them.
    static func hear<Dialogue: WireDialogue>(_ dialogue: Dialogue, _ bytes: [UInt8], pieces: Int = .max) -> Dialogue {
        var dialogue = dialogue
        _ = dialogue.begin()
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(pieces))
            rest = rest.dropFirst(piece.count)
            if case .done = dialogue.receive(piece) { return dialogue }
        }
        dialogue.end()
        return dialogue
    }
}

/// A generator whose numbers are the same in every run.
struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        // SplitMix64.
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
