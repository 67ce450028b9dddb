import Model

/// What part of a condition yields.
enum ValueType: Equatable {
    case truth
    case number(Unit)
    /// Something wrong inside was reported; nothing more is said about what holds it.
    case faulty
}

extension Unit {
    /// What it counts, for messages: `runs`, `a percentage`.
    var noun: String {
        switch self {
        case .number: "a bare number"
        case .runs: "a count of runs"
        case .apps: "a count of apps"
        case .chats: "a count of chats"
        case .connections: "a count of connections"
        case .flag: "0 or 1"
        case .percent: "a percentage"
        case .seconds: "a time"
        case .perMinute: "a rate per minute"
        case .dollars: "an amount in USD"
        case .dollarsPerHour: "spend in USD/h"
        case .bytes: "a size in bytes"
        }
    }
}

extension SubjectKind {
    /// For messages: `an app`.
    var withArticle: String { self == .app ? "an app" : "a \(rawValue)" }
}

/// Which units fit together. Strict: what has no evident meaning is refused.
enum UnitRules {
    /// The unit in which two may be compared, added or subtracted: the same, or a bare number with a count.
    static func common(_ a: Unit, _ b: Unit) -> Unit? {
        if a == b { return a }
        if a == .number, b.isCount { return b }
        if b == .number, a.isCount { return a }
        return nil
    }

    /// The unit of a product and the factor that it needs: a percentage of something is a hundredth.
    static func product(_ a: Unit, _ b: Unit) -> (unit: Unit, factor: Double)? {
        switch (a, b) {
        case (.flag, _), (_, .flag): nil
        case (.number, let unit), (let unit, .number): (unit, 1)
        case (.percent, let unit), (let unit, .percent): (unit, 0.01)
        default: nil
        }
    }

    /// The unit of a quotient.
    static func quotient(_ a: Unit, _ b: Unit) -> Unit? {
        switch (a, b) {
        case (.flag, _), (_, .flag): nil
        case (let unit, .number): unit
        case _ where a == b || a.isCount && b.isCount: .number
        // A rate, a time or spend for each run.
        case (let unit, let count) where count.isCount: unit
        default: nil
        }
    }

    /// What a function yields over a signal of this unit.
    static func result(of function: HistoryFunction, over unit: Unit) -> Unit {
        switch function {
        case .rise, .spike, .outgrew: .number
        // The mean of a flag is a fraction.
        case .avg, .baseline, .mad, .excess: unit == .flag ? .number : unit
        case .min, .max, .earlier, .predict: unit
        // Spend by the hour comes to an amount, a rate to a count of what it is of.
        case .total: unit == .dollarsPerHour ? .dollars : .number
        }
    }
}
