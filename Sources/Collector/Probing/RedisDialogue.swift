import HTTP

/// Asks a Redis server for its `PONG`. One that wants a login first is there as well.
struct RedisDialogue: WireDialogue {
    enum Outcome: Sendable, Equatable {
        /// The connection ended before an answer.
        case none
        /// What came is no answer of Redis.
        case foreign
        /// What came is an alert of TLS: in plain nothing is said there.
        case alert
        case pong
        /// It refuses, with the word that its answer begins with (`NOAUTH`, `LOADING`).
        case refused(word: String, isFull: Bool)
    }

    /// Longer lines are none.
    private static let longest = 4 << 10

    private(set) var outcome = Outcome.none
    private var buffer: [UInt8] = []

    mutating func begin() -> WireStep { .say(Array("*1\r\n$4\r\nPING\r\n".utf8)) }

    mutating func receive(_ bytes: [UInt8]) -> WireStep {
        buffer += bytes
        guard let first = buffer.first else { return .listen }
        // A record of TLS that ends the handshake: 21, version 3.x.
        if first == 21, buffer.count < 2 || buffer[1] == 3 {
            guard buffer.count > 1 else { return .listen }
            outcome = .alert
            return .done
        }
        guard first == UInt8(ascii: "+") || first == UInt8(ascii: "-") else {
            outcome = .foreign
            return .done
        }
        guard let end = buffer.firstIndex(of: 13) else {
            guard buffer.count > RedisDialogue.longest else { return .listen }
            outcome = .foreign
            return .done
        }
        let line = buffer[1..<end]
        outcome = first == UInt8(ascii: "+") ? (line.elementsEqual("PONG".utf8) ? .pong : .foreign) : RedisDialogue.refusal(line)
        return .done
    }

    /// A server that ends the connection without a word has said nothing; one whose alert was cut off has.
    mutating func end() { if buffer.first == 21 { outcome = .foreign } }

    private static func refusal(_ line: ArraySlice<UInt8>) -> Outcome {
        let word = line.prefix { $0 != UInt8(ascii: " ") }
        guard !word.isEmpty, word.count <= 24, word.allSatisfy({ (65...90).contains($0) }) else { return .foreign }
        let isFull = line.starts(with: "ERR max number of clients".utf8)
        return .refused(word: String(decoding: word, as: UTF8.self), isFull: isFull)
    }
}
