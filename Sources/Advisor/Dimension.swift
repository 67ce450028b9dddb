/// What a number counts, as far as texts and evidence can be compared.
enum Dimension: Hashable, Sendable {
    /// Nothing that is said: a bare number; of evidence, one that counts nothing.
    case bare
    /// A bare number of a text that was given. It grounds bare numbers only.
    case loose
    /// How many of something that no list here knows: `300 messages`, `300 TB`. Only evidence that counts nothing named
    /// grounds it.
    case things
    /// How many of what is named behind it: `runs`, in the singular `run`.
    case count(String)
    case percent
    case seconds
    case perMinute
    case dollars, dollarsPerHour
    case bytes
    /// A factor: `3 times`, `twice`.
    case times
    /// 0 or 1, as evidence.
    case flag
    /// A unit that no evidence has; nothing grounds it.
    case unknown
}

/// A number of the evidence.
struct Fact: Hashable, Sendable {
    /// In the base of its dimension: percent points, seconds, per minute, USD, USD/h, bytes.
    let value: Double
    let dimension: Dimension
}

/// A number in a text.
struct NumberMention: Hashable, Sendable {
    /// As written, shortened, for faults.
    let text: String
    /// In the base of its dimension.
    let value: Double
    /// One unit of the last digit written, in the base of its dimension: how far the text may have rounded.
    let step: Double
    let dimension: Dimension

    /// How far from the evidence a rounded figure may be, whatever its digits say.
    private static let tolerance = 0.05

    /// Whether the evidence holds this number, rounded to the digits written, in this unit or one that says the same.
    func isGrounded(in facts: [Fact]) -> Bool { facts.contains(where: agrees) }

    private func agrees(_ fact: Fact) -> Bool {
        switch (dimension, fact.dimension) {
        case (.unknown, _), (_, .unknown): false
        case (.things, .bare), (.things, .loose): isNear(fact.value)
        case (.bare, .percent): isNear(fact.value) || isNear(fact.value / 100)
        case (.bare, _): isNear(fact.value)
        case (.percent, .percent): isNear(fact.value)
        // A share of 0.42 is 42 %; a count of 1 is not 100 %.
        case (.percent, .bare): fact.value > 0 && fact.value < 1 && isNear(fact.value * 100)
        case (.times, .times), (.times, .bare): isNear(fact.value)
        // Half of it is 50 %.
        case (.times, .percent): isNear(fact.value / 100)
        case (.count, .bare): isNear(fact.value)
        default: dimension == fact.dimension && isNear(fact.value)
        }
    }

    private func isNear(_ fact: Double) -> Bool {
        let distance = (value - fact).magnitude
        if distance <= fact.magnitude * 1e-9 { return true }
        return distance <= step * 0.500_001 && distance <= fact.magnitude * NumberMention.tolerance
    }
}
