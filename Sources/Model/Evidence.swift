/// Why a signal has no value at a moment. Missing is never zero, never a recovery, never a reason to act.
public enum MissingReason: Hashable, Sendable {
    /// The runtime has a stub where the figure should be.
    case notTracked
    /// The runtime shows the counter but nothing in it ever moves it.
    case deadCounter
    /// 401 or 403.
    case unauthorized
    /// No HTTP answer: refused, unresolvable, timed out.
    case unreachable
    /// An HTTP answer other than the expected one.
    case error(status: UInt16)
    /// 200 with a body that cannot be read.
    case malformed
    /// The newest value is too old to stand for now.
    case stale
    /// Some replicas of the runtime lack evidence.
    case partial
    /// Watched for too short a time, or too few observations.
    case tooLittleData
    /// A ratio, quantile or mean whose denominator is zero.
    case noTraffic
    /// Figures of the runtime that exclude each other: it cannot be told which of its open runs are running.
    case contradictory
    /// Several series of a page of metrics match where one is asked for.
    case ambiguous

    /// All reasons; `error` stands once, without a status.
    public static let names = [
        "not_tracked", "dead_counter", "unauthorized", "unreachable", "error", "malformed", "stale", "partial",
        "too_little_data", "no_traffic", "contradictory", "ambiguous",
    ]

    /// The name that policies and documents use, without the status of an error.
    public var name: String { MissingReason.names[Int(code)] }

    /// Position in `names`.
    public var code: UInt8 {
        switch self {
        case .notTracked: 0
        case .deadCounter: 1
        case .unauthorized: 2
        case .unreachable: 3
        case .error: 4
        case .malformed: 5
        case .stale: 6
        case .partial: 7
        case .tooLittleData: 8
        case .noTraffic: 9
        case .contradictory: 10
        case .ambiguous: 11
        }
    }

    public init?(code: UInt8, status: UInt16 = 0) {
        switch code {
        case 0: self = .notTracked
        case 1: self = .deadCounter
        case 2: self = .unauthorized
        case 3: self = .unreachable
        case 4: self = .error(status: status)
        case 5: self = .malformed
        case 6: self = .stale
        case 7: self = .partial
        case 8: self = .tooLittleData
        case 9: self = .noTraffic
        case 10: self = .contradictory
        case 11: self = .ambiguous
        default: return nil
        }
    }

    /// For people: what it means in plain words, of a runtime.
    public var explanation: String { explanation(of: .runtime) }

    /// The same of what is watched: a host or a service is called by what it is.
    public func explanation(of kind: WatchedKind) -> String {
        let name = kind.rawValue
        return switch self {
        case .notTracked:
            switch kind {
            case .runtime: "this runtime does not track it"
            case .host: "this host does not show it"
            // Plain HTTP has no certificate; a ping that is not permitted tells nothing, and that is not the service's doing.
            case .service: "no look at this service tells it"
            }
        case .deadCounter: "this \(name) never moves that counter"
        // A service that wants another login answers so, and is down: here nobody asked it.
        case .unauthorized: kind == .service ? "our secret for this service cannot be had" : "the \(name) refused our token"
        // A host is read and not asked.
        case .unreachable: kind == .host ? "the host's figures could not be read" : "the \(name) gave no answer"
        case .error(let status): status == 0 ? "the \(name) answered with an error" : "the \(name) answered \(status)"
        case .malformed: "the answer could not be read"
        case .stale: "an answer that it takes is too old"
        case .partial: "some replicas gave no evidence"
        case .tooLittleData: "not watched long enough yet"
        case .noTraffic: "there was nothing to measure"
        case .contradictory: "the \(name)'s own figures contradict each other"
        case .ambiguous: "several series match: name a label, or ask for .sum, .max or .min"
        }
    }
}

extension MissingReason: CustomStringConvertible {
    /// `dead_counter`, `error(500)`.
    public var description: String {
        if case .error(let status) = self, status != 0 { return "error(\(status))" }
        return name
    }

    /// Reads what `description` writes.
    public init?(_ text: String) {
        if text.hasPrefix("error("), text.hasSuffix(")"), let status = UInt16(text.dropFirst(6).dropLast()) {
            self = .error(status: status)
        } else if let code = MissingReason.names.firstIndex(of: text) {
            self.init(code: UInt8(code))
        } else {
            return nil
        }
    }
}

/// A signal's reading at a moment: a value, or missing with a reason. Values are finite or +infinity (of `rise`), never NaN.
public enum Evidence: Hashable, Sendable {
    case value(Double)
    case missing(MissingReason)

    public var value: Double? {
        if case .value(let value) = self { value } else { nil }
    }

    public var reason: MissingReason? {
        if case .missing(let reason) = self { reason } else { nil }
    }
}
