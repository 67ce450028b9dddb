import Model
import Testing

@testable import Policy

/// A small generator with a fixed seed (SplitMix64), so that a failure can be repeated.
struct Dice {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func roll(_ sides: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((z ^ (z >> 31)) % UInt64(sides))
    }

    mutating func pick<T>(_ items: [T]) -> T { items[roll(items.count)] }

    mutating func number(_ depth: Int) -> String {
        if depth > 0, roll(3) == 0 { return "(" + number(depth - 1) + pick([" + ", " - "]) + number(depth - 1) + ")" }
        if depth > 0, roll(4) == 0 { return number(depth - 1) + pick([" * ", " / "]) + String(roll(4)) }
        return pick(["active_runs", "open_runs", "max(active_runs[10m])", "hour()", "weekday()", "\(roll(12))", "$max_active_runs"])
    }

    mutating func truth(_ depth: Int) -> String {
        switch depth > 0 ? roll(6) : 5 {
        case 0, 1: return "(" + truth(depth - 1) + pick([" and ", " or "]) + truth(depth - 1) + ")"
        case 2: return truth(depth - 1) + pick([" and ", " or "]) + truth(depth - 1)
        case 3: return "not " + truth(depth - 1)
        case 4: return "missing(" + pick(["active_runs", "open_runs, dead_counter", "tokens", "label(tier)"]) + ")"
        case 5 where roll(8) == 0: return "label(tier) " + pick(["== ", "!= "]) + pick(["\"a\"", "'b'"])
        default: return number(2) + pick([" > ", " >= ", " < ", " <= ", " == ", " != "]) + number(2)
        }
    }

    mutating func evidence() -> Evidence {
        switch roll(5) {
        case 0: .missing(.deadCounter)
        case 1: .missing(.noTraffic)
        default: .value(Double(roll(12)))
        }
    }
}

/// What a condition means, read off its structure: no program, no reordering, nothing skipped.
struct Meaning {
    let values: [String: Evidence]
    let local: LocalHour?
    let tier: String?

    func truth(_ expression: Expression) -> Truth {
        switch expression.kind {
        case .logic(.and, let a, let b): return Truth(rawValue: min(truth(a).rawValue, truth(b).rawValue))!
        case .logic(.or, let a, let b): return Truth(rawValue: max(truth(a).rawValue, truth(b).rawValue))!
        case .not(let a): return !truth(a)
        case .missing(let use, let pattern):
            guard case .missing(let reason) = value(use) else { return .no }
            return Truth(pattern == nil || pattern?.code == reason.code)
        case .label(let test, let isEqual, _): return tier.map { Truth(($0 == test.value) == isEqual) } ?? .unknown
        case .missingLabel: return Truth(tier == nil)
        case .comparison(let comparison, let a, let b):
            switch (number(a), number(b)) {
            case (.value(let a), .value(let b)):
                switch comparison {
                case .above: return Truth(a > b)
                case .atLeast: return Truth(a >= b)
                case .below: return Truth(a < b)
                case .atMost: return Truth(a <= b)
                case .equal: return Truth(a == b)
                case .unequal: return Truth(a != b)
                }
            case (let a, let b):
                return [a.reason, b.reason].allSatisfy { $0 == nil || $0 == .noTraffic } ? .noTraffic : .unknown
            }
        default: fatalError("not a truth")
        }
    }

    private func value(_ use: SignalUse) -> Evidence {
        values[(use.function == nil ? "" : "max ") + use.name] ?? .missing(.tooLittleData)
    }

    private func number(_ expression: Expression) -> Evidence {
        switch expression.kind {
        case .number(let quantity): return .value(quantity.value)
        case .threshold: return .value(200)
        case .reading(let use): return value(use)
        case .clock(let part): return local.map { .value($0.value(part)) } ?? .missing(.notTracked)
        case .arithmetic(let operation, let left, let right):
            let (a, b) = (number(left), number(right))
            guard case .value(let x) = a, case .value(let y) = b else {
                return [a, b].first { $0.reason != nil && $0.reason != .noTraffic } ?? .missing(.noTraffic)
            }
            switch operation {
            case .add: return .value(x + y)
            case .subtract: return .value(x - y)
            case .multiply: return .value(x * y)
            case .divide: return y == 0 ? .missing(.noTraffic) : .value(x / y)
            }
        default: fatalError("not a number")
        }
    }
}

@Suite struct RandomConditionTests {
    @Test func programsMeanWhatTheirTextsMean() throws {
        var dice = Dice(20_261_121)
        var seen: Set<Truth> = []
        for round in 0..<2_000 {
            let text = dice.truth(4)
            let expression = try ConditionParser.parse(text)
            let condition = try Compiling.compile(text).get()
            for _ in 0..<4 {
                let (active, open, most) = (dice.evidence(), dice.evidence(), dice.evidence())
                var source = FixedReadings(
                    condition, ["active_runs": active, "open_runs": open, "max(active_runs[10m])": most])
                source.localHour = LocalHour(Timestamp(milliseconds: Int64(dice.roll(168)) * 3_600_000), in: .utc)
                let tier = dice.pick(["a", "b", "c", nil])
                source.labels["tier"] = tier
                let meaning = Meaning(
                    values: ["active_runs": active, "open_runs": open, "max active_runs": most], local: source.localHour, tier: tier)
                let truth = condition.evaluate(source)
                seen.insert(truth)
                #expect(truth == meaning.truth(expression), "round \(round): \(text)")
                let explanation = condition.explain(source)
                #expect(explanation.truth == truth)
                // Somebody is to blame for whatever is not true, and nobody who says what is wanted.
                let decisive = explanation.terms.filter(\.isDecisive)
                #expect(!decisive.isEmpty, "\(text)")
                if truth == .no { #expect(decisive.allSatisfy { $0.isAgainst }, "\(text): \(explanation.terms)") }
                if !truth.isKnown { #expect(decisive.allSatisfy { !$0.truth.isKnown }, "\(text): \(explanation.terms)") }
                #expect(explanation.readings.map(\.evidence) == condition.readings.map { source.reading($0.slot) })
            }
        }
        #expect(seen.count == 4)
    }

    /// Whatever bytes come: a fault with a place within the text, or a condition; never a crash.
    @Test func brokenTextsAreRefusedWithAPlace() {
        var dice = Dice(7)
        let alphabet = Array("activeruns.share$40%/min()[]<>=!andornotmising,+-*\"'label(é \n5smh")
        for _ in 0..<3_000 {
            var text = Array(dice.roll(4) > 0 ? dice.truth(3) : "count(\(dice.truth(2))) > sum(active_runs)")
            for _ in 0...dice.roll(3) {
                let at = dice.roll(text.count)
                switch dice.roll(3) {
                case 0: text.remove(at: at)
                case 1: text.insert(dice.pick(alphabet), at: at)
                default: text[at] = dice.pick(alphabet)
                }
                if text.isEmpty { text = ["5"] }
            }
            guard case .failure(let faults) = Compiling.compile(String(text)) else { continue }
            #expect(!faults.all.isEmpty)
            for fault in faults.all {
                #expect(fault.range.lowerBound >= 0 && fault.range.upperBound <= max(1, String(text).utf8.count))
            }
        }
    }
}
