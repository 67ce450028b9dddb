/// What a condition says: three-valued (Kleene), where *unknown* comes in two shades.
///
/// The order is false < no traffic < unknown < true; `and` is the minimum, `or` the maximum.
@frozen public enum Truth: UInt8, Hashable, Sendable, CaseIterable {
    case no = 0
    /// Unknown only because a ratio had nothing to measure: counts as false for a rule that is firing, else as unknown.
    case noTraffic = 1
    case unknown = 2
    case yes = 3

    @inlinable public init(_ value: Bool) { self = value ? .yes : .no }

    @inlinable public var isKnown: Bool { self == .yes || self == .no }

    @inlinable public static func && (a: Truth, b: Truth) -> Truth { a.rawValue < b.rawValue ? a : b }
    @inlinable public static func || (a: Truth, b: Truth) -> Truth { a.rawValue < b.rawValue ? b : a }
    @inlinable public static prefix func ! (a: Truth) -> Truth {
        switch a {
        case .no: .yes
        case .yes: .no
        case .noTraffic, .unknown: a
        }
    }
}

extension Truth: CustomStringConvertible {
    /// `true`, `false`, `unknown`, `unknown (no traffic)`.
    public var description: String {
        switch self {
        case .no: "false"
        case .noTraffic: "unknown (no traffic)"
        case .unknown: "unknown"
        case .yes: "true"
        }
    }
}
