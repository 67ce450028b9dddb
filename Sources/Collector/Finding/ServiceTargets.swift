import Ambient
import Model

/// Each service record of a name is a replica, with the port that it says; it goes by the name that the record names.
public struct ServiceTargets: TargetSource {
    private let record: String
    private let scheme: String
    public let refresh: TimeSpan
    private let patience: TimeSpan
    private let ask: @Sendable (String) -> ServiceLookup.Answer
    private let call = BlockingCall<ServiceLookup.Answer>()

    /// - Parameters:
    ///   - record: `_runtime._tcp.internal`
    ///   - patience: how long the resolver is waited for.
    ///   - ask: blocks.
    public init(
        record: String, scheme: String = "http", refresh: TimeSpan = .seconds(30), patience: TimeSpan = .seconds(5),
        ask: @escaping @Sendable (String) -> ServiceLookup.Answer = ServiceLookup.ask
    ) {
        self.record = record
        self.scheme = scheme
        self.refresh = refresh
        self.patience = patience
        self.ask = ask
    }

    public var name: String { "dns \(record) (SRV)" }

    public func find() async throws(TargetFault) -> TargetList {
        let (ask, record) = (ask, record)
        switch await call.run(patience: patience, { ask(record) }) {
        case .answer(.message(let bytes)):
            guard let records = ServiceRecord.all(in: bytes) else { throw TargetFault(.malformed, "the answer is no DNS message") }
            let urls = records.compactMap { TargetURL.of(scheme, target: "\($0.target):\($0.port)") }
            guard urls.count == records.count else { throw TargetFault(.malformed, "a record names no host that a URL could have") }
            return TargetList(source: name, replicas: urls)
        case .answer(.nothing): return TargetList(source: name, replicas: [])
        case .answer(.failure(let why)): throw TargetFault(.unresolvable, why)
        case .timedOut, .stillBusy, .noThread: throw TargetFault(.timeout, "no answer within \(patience)")
        }
    }
}

/// A service record of a DNS message (RFC 1035, 4; RFC 2782).
struct ServiceRecord: Hashable {
    /// Without the dot at its end.
    let target: String
    let port: UInt16

    /// Those of a message's answer, those without a service (`.`) left out; nil for what is no such message.
    static func all(in message: [UInt8]) -> [ServiceRecord]? {
        var reader = Reader(message: message)
        reader.offset = 4
        guard let questions = reader.short(), let answers = reader.short() else { return nil }
        reader.offset = 12
        for _ in 0..<questions {
            guard reader.name() != nil else { return nil }
            reader.offset += 4
        }
        var found: [ServiceRecord] = []
        for _ in 0..<answers {
            guard reader.name() != nil, let type = reader.short(), let kind = reader.short() else { return nil }
            reader.offset += 4
            guard let length = reader.short(), reader.offset + Int(length) <= message.count else { return nil }
            let end = reader.offset + Int(length)
            if type == 33, kind == 1 {
                reader.offset += 4
                guard let port = reader.short(), let target = reader.name() else { return nil }
                if !target.isEmpty, port > 0 { found.append(ServiceRecord(target: target, port: port)) }
            }
            reader.offset = end
        }
        return found
    }

    private struct Reader {
        let message: [UInt8]
        var offset = 0

        mutating func byte() -> UInt8? {
            guard offset < message.count else { return nil }
            defer { offset += 1 }
            return message[offset]
        }

        mutating func short() -> UInt16? {
            guard let high = byte(), let low = byte() else { return nil }
            return UInt16(high) << 8 | UInt16(low)
        }

        /// Labels with dots between them; nil where they run out of the message, or in circles.
        mutating func name() -> String? {
            var labels: [String] = []
            var (jumps, behind) = (0, Int?.none)
            while let length = byte() {
                if length == 0 {
                    if let behind { offset = behind }
                    return labels.joined(separator: ".")
                }
                if length & 0xC0 == 0xC0 {
                    guard let low = byte(), jumps < 16 else { return nil }
                    behind = behind ?? offset
                    offset = Int(length & 0x3F) << 8 | Int(low)
                    jumps += 1
                    continue
                }
                guard length < 64, offset + Int(length) <= message.count, labels.count < 128 else { return nil }
                labels.append(String(decoding: message[offset..<offset + Int(length)], as: UTF8.self))
                offset += Int(length)
            }
            return nil
        }
    }
}
