import HTTP
import Model
import Testing

@testable import Collector

/// What is said to databases, and what their answers mean, without a connection.
@Suite struct DialogueTests {
    // MARK: MongoDB

    @Test func `hello is asked as the wire protocol has it`() {
        var dialogue = MongoDialogue()
        guard case .say(let bytes) = dialogue.begin() else {
            Issue.record("nothing is said")
            return
        }
        // The document that MongoDB's own drivers would send: {hello: 1, $db: "admin"}.
        let document: [UInt8] =
            [0x1F, 0, 0, 0, 0x10] + "hello".utf8 + [0, 1, 0, 0, 0, 0x02] + "$db".utf8 + [0, 6, 0, 0, 0] + "admin".utf8 + [0, 0]
        let head: [UInt8] = [0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xDD, 0x07, 0, 0, 0, 0, 0, 0, 0]
        #expect(bytes == head + document && document.count == 31 && bytes.count == 0x34)
        var old = MongoDialogue(isOld: true)
        guard case .say(let query) = old.begin() else {
            Issue.record("nothing is said")
            return
        }
        #expect(query[12..<16].elementsEqual([0xD4, 0x07, 0, 0]) && query.count == Int(query[0]))
        #expect(query[20..<31].elementsEqual("admin.$cmd".utf8 + [0]))
    }

    static let roles: [([(String, Talk.BSONMember)], MongoDialogue.Role)] = [
        ([("isWritablePrimary", .bool(true))], .primary), ([("ismaster", .bool(true))], .primary),
        ([("isWritablePrimary", .bool(false)), ("secondary", .bool(true))], .secondary),
        ([("isWritablePrimary", .bool(false)), ("secondary", .bool(false)), ("arbiterOnly", .bool(true))], .arbiter),
        ([("isWritablePrimary", .bool(true)), ("msg", .text("isdbgrid"))], .mongos),
        ([("isWritablePrimary", .bool(false)), ("secondary", .bool(false))], .other), ([], .other),
    ]

    @Test("what a server is, in both forms and in pieces of any size", arguments: roles.indices)
    func role(index: Int) {
        let (members, role) = Self.roles[index]
        for kind: Int32 in [1, 2013] {
            let bytes = Talk.message(Talk.hello(members), kind: kind)
            for pieces in [1, 7, 16, .max] {
                #expect(Talk.hear(MongoDialogue(isOld: kind == 1), bytes, pieces: pieces).outcome == .hello(role, wireVersion: 21))
            }
        }
    }

    @Test func `what is no answer of MongoDB is called that, and half an answer is none`() {
        let answer = Talk.message(Talk.hello([("isWritablePrimary", .bool(true))]))
        for end in 0..<answer.count { #expect(Talk.hear(MongoDialogue(), Array(answer[..<end])).outcome == .none) }
        #expect(Talk.hear(MongoDialogue(), Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)).outcome == .foreign)
        #expect(Talk.hear(MongoDialogue(), Talk.message(Talk.hello([]), to: 2)).outcome == .foreign)
        #expect(Talk.hear(MongoDialogue(), Int32.max.littleBytes + answer.dropFirst(4)).outcome == .foreign)
        #expect(Talk.hear(MongoDialogue(), Int32(-1).littleBytes + answer.dropFirst(4)).outcome == .foreign)
        #expect(Talk.hear(MongoDialogue(), Talk.message(Talk.bson([("a", .int(1))]))).outcome == .foreign)
        #expect(Talk.hear(MongoDialogue(), Talk.message([5, 0, 0, 0])).outcome == .foreign)
        let unknown = Talk.bson([("ok", .double(0)), ("errmsg", .text("no such command")), ("code", .int(59))])
        #expect(Talk.hear(MongoDialogue(), Talk.message(unknown)).outcome == .unknownCommand)
        #expect(
            Talk.hear(MongoDialogue(), Talk.message(Talk.bson([("ok", .int(0)), ("code", .int(11_600))]))).outcome == .refused(code: 11_600)
        )
    }

    @Test func `members of every type are passed over`() {
        let name = Array("x".utf8) + [0]
        let text = Int32(2).littleBytes + [65, 0]
        let values: [(UInt8, [UInt8])] = [
            (0x01, [UInt8](repeating: 0, count: 8)), (0x02, text), (0x03, [5, 0, 0, 0, 0]), (0x04, [5, 0, 0, 0, 0]),
            (0x05, [2, 0, 0, 0, 0, 9, 9]), (0x06, []), (0x07, [UInt8](repeating: 0, count: 12)), (0x08, [1]),
            (0x09, [UInt8](repeating: 0, count: 8)), (0x0A, []), (0x0B, [65, 0, 66, 0]), (0x0C, text + [UInt8](repeating: 0, count: 12)),
            (0x0D, text), (0x0E, text), (0x0F, [14, 0, 0, 0] + [UInt8](repeating: 0, count: 10)), (0x10, [1, 0, 0, 0]),
            (0x11, [UInt8](repeating: 0, count: 8)), (0x12, [UInt8](repeating: 0, count: 8)), (0x13, [UInt8](repeating: 0, count: 16)),
            (0x7F, []), (0xFF, []),
        ]
        for (type, value) in values {
            let body = [type] + name + value + [0x10] + Array("ok".utf8) + [0, 1, 0, 0, 0, 0]
            let document = Int32(body.count + 4).littleBytes + body
            #expect(BSON(document[...])?.number("ok") == 1, "type \(type)")
        }
        #expect(BSON([6, 0, 0, 0, 0x14, 0][...]) == nil)
        let many = [UInt8]((0..<1_001).flatMap { _ in [0x0A, 65, 0] as [UInt8] })
        #expect(BSON((Int32(many.count + 5).littleBytes + many + [0])[...]) == nil)
    }

    // MARK: PostgreSQL

    private func postgres(_ bytes: [UInt8], pieces: Int = .max) -> PostgresDialogue {
        Talk.hear(PostgresDialogue(user: "u", database: "d", asksForTLS: false), bytes, pieces: pieces)
    }

    @Test func `a server of PostgreSQL is asked whether it speaks TLS, and then who comes`() {
        var dialogue = PostgresDialogue(user: "u", database: "d")
        #expect(dialogue.begin() == .say([0, 0, 0, 8, 0x04, 0xD2, 0x16, 0x2F]))
        guard case .say(let startup) = dialogue.receive(Array("N".utf8)) else {
            Issue.record("no startup")
            return
        }
        #expect(startup == [0, 0, 0, 56, 0, 3, 0, 0] + "user\0u\0database\0d\0application_name\0mozaiks-ops\0\0".utf8)
        #expect(dialogue.offersTLS == false)
        // SCRAM: nobody logs in, and nothing more is said.
        #expect(dialogue.receive(Talk.postgres("R", [0, 0, 0, 10] + "SCRAM-SHA-256\0\0".utf8)) == .done)
        #expect(dialogue.outcome == .ready)
        var encrypted = PostgresDialogue(user: "u", database: "d")
        _ = encrypted.begin()
        #expect(encrypted.receive(Array("S".utf8)) == .done && encrypted.outcome == .wantsHandshake && encrypted.offersTLS == true)
    }

    @Test func `who is let in says goodbye`() {
        var dialogue = PostgresDialogue(user: "u", database: "d", asksForTLS: false)
        _ = dialogue.begin()
        #expect(dialogue.receive(Talk.postgres("R", [0, 0, 0, 0])) == .done(farewell: [UInt8(ascii: "X"), 0, 0, 0, 4]))
    }

    @Test func `errors are told by their state, behind notices, in pieces`() {
        let notices = Talk.postgres("v", [0, 3, 0, 0, 0, 0, 0, 0]) + Talk.postgres("N", Array("SNOTICE\0\0".utf8))
        for pieces in [1, 3, .max] {
            #expect(postgres(notices + Talk.postgresError("57P03"), pieces: pieces).outcome == .refused(state: "57P03"))
        }
        let whole = Talk.postgresError("28000")
        for end in 0..<whole.count { #expect(postgres(Array(whole[..<end])).outcome == .none) }
        // A server that has no room says so at once, to the very first question.
        let full = Talk.hear(PostgresDialogue(user: "u", database: "d"), Talk.postgresError("53300"))
        #expect(full.outcome == .refused(state: "53300"))
        for odd in ["HTTP/1.1 400\r\n", "x", "+PONG\r\n", "\0"] {
            #expect(postgres(Array(odd.utf8)).outcome == .foreign, "\(odd)")
            #expect(Talk.hear(PostgresDialogue(user: "u", database: "d"), Array(odd.utf8)).outcome == .foreign)
        }
        #expect(postgres(Talk.postgresError("no state")).outcome == .foreign)
        #expect(postgres([UInt8(ascii: "R")] + Int32(1 << 20).bigBytes).outcome == .foreign)
        #expect(postgres([UInt8(ascii: "R")] + Int32(3).bigBytes).outcome == .foreign)
        // More behind the one byte is not of that server: somebody in between put it there.
        #expect(Talk.hear(PostgresDialogue(user: "u", database: "d"), Array("SX".utf8)).outcome == .foreign)
    }

    static let states: [(String, ProbeResult.Standing)] = [
        ("28000", .up), ("28P01", .up), ("3D000", .up), ("42501", .up),
        ("57P03", .down(.notReady, "it starts, recovers or shuts down (57P03)")), ("57P01", .down(.notReady, "it shuts down")),
        ("53300", .down(.full, "it takes no more connections (53300)")),
        ("58030", .down(.rejected, "it answers with an error of its own (58030)")),
        ("XX000", .down(.rejected, "it answers with an error of its own (XX000)")),
    ]

    @Test("what a refusal of PostgreSQL means", arguments: states.indices)
    func state(index: Int) {
        let (state, standing) = Self.states[index]
        #expect(WireProbes.standing(.refused(state: state)) == standing)
    }

    // MARK: Redis

    static let answers: [(String, RedisDialogue.Outcome)] = [
        ("+PONG\r\n", .pong), ("-NOAUTH Authentication required.\r\n", .refused(word: "NOAUTH", isFull: false)),
        ("\u{15}\u{3}\u{3}\u{0}\u{2}\u{2}\u{46}", .alert), ("\u{15}x", .foreign),
        ("-LOADING Redis is loading the dataset in memory\r\n", .refused(word: "LOADING", isFull: false)),
        ("-ERR max number of clients reached\r\n", .refused(word: "ERR", isFull: true)), ("+PONG", .none), ("-NOAUTH", .none),
        ("HTTP/1.1 400 Bad Request\r\n", .foreign), ("+OK\r\n", .foreign), ("-\r\n", .foreign), ("-nonsense here\r\n", .foreign),
        ("$4\r\nPONG\r\n", .foreign), ("", .none),
    ]

    @Test("what Redis says to PING", arguments: answers.indices)
    func redis(index: Int) {
        let (text, outcome) = Self.answers[index]
        for pieces in [1, .max] { #expect(Talk.hear(RedisDialogue(), Array(text.utf8), pieces: pieces).outcome == outcome, "\(text)") }
    }

    @Test func `a line of Redis has an end`() {
        #expect(Talk.hear(RedisDialogue(), Array(("+" + String(repeating: "x", count: 5_000)).utf8), pieces: 100).outcome == .foreign)
        for word in ["NOAUTH", "NOPERM", "WRONGPASS"] {
            #expect(WireProbes.standing(.refused(word: word, isFull: false)) == .up, "\(word)")
        }
        for word in ["BUSY", "CLUSTERDOWN", "MASTERDOWN"] {
            guard case .down(.notReady, let why)? = WireProbes.standing(.refused(word: word, isFull: false)) else {
                Issue.record("\(word) is ready")
                continue
            }
            #expect(why.hasSuffix("(\(word))"))
        }
        for word in ["ERR", "OOM", "READONLY", "UNKNOWNWORD"] {
            let standing = WireProbes.standing(.refused(word: word, isFull: false))
            #expect(standing == .down(.rejected, "it answers PING with an error (\(word))"))
        }
        #expect(WireProbes.standing(.refused(word: "LOADING", isFull: false)) == .down(.notReady, "it loads its data (LOADING)"))
        #expect(WireProbes.standing(.refused(word: "ERR", isFull: true)) == .down(.full, "it takes no more connections"))
    }

    // MARK: Names and pings

    @Test func `a question for a name server is as RFC 1035 has it`() throws {
        let message = try #require(DNSMessage(id: 0x1234, name: "db.example.", type: .srv))
        let head: [UInt8] = [0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 1]
        let name: [UInt8] = [2] + "db".utf8 + [7] + "example".utf8 + [0]
        #expect(message.question == head + name + [0, 33, 0, 1] + [0, 0, 41, 0x04, 0xD0, 0, 0, 0, 0, 0, 0])
        for name in ["", ".", "a..b", String(repeating: "a", count: 64), "a b", "ä.example", String(repeating: "a.", count: 127) + "aa"] {
            #expect(DNSMessage(id: 0, name: name, type: .a) == nil, "\(name)")
        }
        #expect(DNSMessage.RecordType(name: "aaaa") == .aaaa && DNSMessage.RecordType(name: "ANY") == nil)
    }

    @Test func `what a name server says is counted, and its errors are told apart`() throws {
        let message = try #require(DNSMessage(id: 7, name: "Db.Example", type: .a))
        #expect(message.answer(Talk.dns(message, records: [5, 1, 1, 28])) == .records(2, isTruncated: false))
        #expect(message.answer(Talk.dns(message, records: [])) == .records(0, isTruncated: false))
        #expect(message.answer(Talk.dns(message, records: [1], isTruncated: true, count: 40)) == .records(1, isTruncated: true))
        #expect(message.answer(Talk.dns(message, records: [], code: 3)) == .noName)
        #expect(message.answer(Talk.dns(message, records: [], code: 2)) == .failed(code: 2))
        // Another question's, another id's, a question, and records that are not there.
        let other = try #require(DNSMessage(id: 7, name: "db.example.org", type: .a))
        let same = try #require(DNSMessage(id: 7, name: "dB.eXAMPLE", type: .a))
        #expect(message.answer(Talk.dns(other, records: [1])) == .foreign)
        #expect(message.answer(Talk.dns(same, records: [1])) == .records(1, isTruncated: false))
        #expect(message.answer([0, 8] + Talk.dns(message, records: [1]).dropFirst(2)) == .foreign)
        #expect(message.answer(message.question) == .foreign)
        #expect(message.answer(Talk.dns(message, records: [1], count: 2)) == .foreign)
        let whole = Talk.dns(message, records: [1])
        for end in 0..<whole.count { #expect(message.answer(Array(whole[..<end])) == .foreign) }
    }

    @Test func `a ping hears its own answer only`() {
        let echo = EchoMessage(isVersion6: false, sequence: 3, token: [1, 2, 3, 4])
        #expect(echo.bytes.count == 12 && echo.bytes[0] == 8 && EchoMessage.checksum(echo.bytes) == 0)
        let answer: [UInt8] = [0, 0, 9, 9, 5, 5, 0, 3, 1, 2, 3, 4]
        #expect(echo.isAnswered(by: answer) && echo.isAnswered(by: [0, 0, 9, 9, 5, 5, 0, 2, 1, 2, 3, 4]))
        #expect(!echo.isAnswered(by: echo.bytes) && !echo.isAnswered(by: Array(answer.dropLast())) && !echo.isAnswered(by: answer + [0]))
        #expect(!echo.isAnswered(by: [0, 0, 9, 9, 5, 5, 0, 4, 1, 2, 3, 4]) && !echo.isAnswered(by: [3, 1] + answer.dropFirst(2)))
        let six = EchoMessage(isVersion6: true, sequence: 3, token: [1, 2, 3, 4])
        #expect(six.bytes[0] == 128 && six.isAnswered(by: [129] + answer.dropFirst()) && !six.isAnswered(by: answer))
        // RFC 1071, 3.
        #expect(EchoMessage.checksum([0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7]) == ~0xDDF2)
    }

    // MARK: Anything

    /// What is right, and changed a little: bytes turned, cut out, doubled, cut off.
    private func mutated(_ seed: [UInt8], _ dice: inout Dice) -> [UInt8] {
        var bytes = seed
        for _ in 0..<Int.random(in: 1...6, using: &dice) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &dice)
            switch Int.random(in: 0..<5, using: &dice) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &dice)
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &dice)
            case 2: bytes.removeSubrange(place..<min(bytes.count, place + 4))
            case 3: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 8)], at: place)
            default: bytes = Array(bytes[..<place])
            }
        }
        return bytes
    }

    @Test func `no bytes break what reads them, however they are cut`() throws {
        var dice = Dice(16)
        let message = try #require(DNSMessage(id: 7, name: "db.example", type: .a))
        let echo = EchoMessage(isVersion6: false, sequence: 3, token: [1, 2, 3, 4])
        let seeds: [[UInt8]] = [
            Talk.message(Talk.hello([("isWritablePrimary", .bool(true)), ("msg", .text("isdbgrid"))])),
            Talk.message(Talk.hello([("ismaster", .bool(true))]), kind: 1),
            Talk.postgres("N", Array("SNOTICE\0\0".utf8)) + Talk.postgresError("57P03"), Array("S".utf8),
            Talk.postgres("R", [0, 0, 0, 10] + "SCRAM-SHA-256\0\0".utf8), Array("-LOADING the dataset\r\n".utf8), Array("+PONG\r\n".utf8),
            Talk.dns(message, records: [1, 5, 28]), [0, 0, 9, 9, 5, 5, 0, 3, 1, 2, 3, 4],
        ]
        for round in 0..<6_000 {
            let bytes =
                round % 4 == 0
                ? (0..<Int.random(in: 0...200, using: &dice)).map { _ in UInt8.random(in: 0...255, using: &dice) }
                : mutated(seeds[round % seeds.count], &dice)
            let pieces = Int.random(in: 1...40, using: &dice)
            // In one piece and in several they say the same.
            #expect(Talk.hear(MongoDialogue(), bytes).outcome == Talk.hear(MongoDialogue(), bytes, pieces: pieces).outcome)
            #expect(Talk.hear(RedisDialogue(), bytes).outcome == Talk.hear(RedisDialogue(), bytes, pieces: pieces).outcome)
            #expect(postgres(bytes).outcome == postgres(bytes, pieces: pieces).outcome)
            _ = Talk.hear(PostgresDialogue(user: "u", database: "d"), bytes, pieces: pieces)
            _ = message.answer(bytes)
            _ = echo.isAnswered(by: bytes)
            _ = BSON(bytes[...])
        }
    }
}
