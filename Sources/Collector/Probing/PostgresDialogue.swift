import HTTP

/// Greets a PostgreSQL server as a client that wants TLS, and then as one that wants in (protocol 3.0, "Message Flow"): that
/// it asks who comes, or refuses, shows that it is there. Nobody logs in.
struct PostgresDialogue: WireDialogue {
    enum Outcome: Sendable, Equatable {
        /// The connection ended before an answer.
        case none
        /// What came is no answer of PostgreSQL.
        case foreign
        /// It speaks TLS from here on; what else it says is asked on another connection.
        case wantsHandshake
        /// It asks for a login, or lets everybody in.
        case ready
        /// It refuses, with the five characters of its state.
        case refused(state: String)
    }

    /// Longer messages are none.
    private static let longest = 64 << 10

    private let user: String
    private let database: String
    /// Whether the first word is whether it speaks TLS.
    private var isAskingForTLS: Bool
    private(set) var outcome = Outcome.none
    private(set) var offersTLS: Bool?
    private var buffer: [UInt8] = []

    init(user: String, database: String, asksForTLS: Bool = true) {
        self.user = user
        self.database = database
        isAskingForTLS = asksForTLS
    }

    mutating func begin() -> WireStep {
        .say(isAskingForTLS ? Int32(8).bigBytes + Int32(80_877_103).bigBytes : startup)
    }

    private var startup: [UInt8] {
        var body = Int32(196_608).bigBytes
        for text in ["user", user, "database", database, "application_name", "mozaiks-ops"] { body += text.utf8.filter { $0 != 0 } + [0] }
        body.append(0)
        return Int32(body.count + 4).bigBytes + body
    }

    mutating func receive(_ bytes: [UInt8]) -> WireStep {
        buffer += bytes
        if isAskingForTLS, let first = buffer.first {
            isAskingForTLS = false
            switch first {
            case UInt8(ascii: "S") where buffer.count == 1: return settle(.wantsHandshake, tls: true)
            case UInt8(ascii: "N") where buffer.count == 1:
                offersTLS = false
                buffer = []
                return .say(startup)
            // One that has no room for anybody refuses at once.
            case UInt8(ascii: "E"): break
            default: return settle(.foreign)
            }
        }
        var messages = ByteReader(buffer[...])
        while true {
            var reader = messages
            guard let kind = reader.byte() else { break }
            guard "REvN".utf8.contains(kind) else { return settle(.foreign) }
            guard let length = reader.big(Int32.self) else { break }
            guard (4...PostgresDialogue.longest).contains(Int(length)) else { return settle(.foreign) }
            guard let body = reader.take(Int(length) - 4) else { break }
            switch kind {
            case UInt8(ascii: "R"):
                var body = ByteReader(body)
                guard let method = body.big(Int32.self) else { return settle(.foreign) }
                outcome = .ready
                // Whoever was let in says goodbye, so that nobody logs a lost connection.
                return .done(farewell: method == 0 ? [UInt8(ascii: "X")] + Int32(4).bigBytes : [])
            case UInt8(ascii: "E"):
                return settle(PostgresDialogue.state(body).map { .refused(state: $0) } ?? .foreign)
            // Notices, and what it knows of the protocol: the answer comes behind them.
            default: messages = reader
            }
        }
        buffer = Array(messages.rest)
        return .listen
    }

    mutating func end() {}

    private mutating func settle(_ outcome: Outcome, tls: Bool? = nil) -> WireStep {
        self.outcome = outcome
        if let tls { offersTLS = tls }
        return .done
    }

    /// The SQLSTATE of an error's fields; nil where there is none.
    private static func state(_ body: ArraySlice<UInt8>) -> String? {
        var reader = ByteReader(body)
        while let kind = reader.byte(), kind != 0, let text = reader.text() {
            guard kind == UInt8(ascii: "C") else { continue }
            let isState = text.count == 5 && text.allSatisfy { (48...57).contains($0) || (65...90).contains($0) }
            return isState ? String(decoding: text, as: UTF8.self) : nil
        }
        return nil
    }
}
