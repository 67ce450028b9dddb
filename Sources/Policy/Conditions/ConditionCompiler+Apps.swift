import Model

// Figures over the apps of a runtime.

extension ConditionCompiler {
    /// `count(CONDITION)`: what holds of how many apps.
    mutating func count(_ inner: Expression, _ range: Range<Int>) -> Part {
        var use: SignalUse?
        if case .reading(let inner) = inner.kind { use = inner }
        guard isOfRuntime("count", use, range) else { return faulty }
        let (part, layout) = overApps { $0.emit(inner) }
        switch part.type {
        case .faulty: return faulty
        case .number(let unit):
            let name = written(inner.range)
            fault(
                "type", "'count' counts the apps of which something holds; '\(name)' is \(unit.noun)", inner.range,
                hint: "compare it with something: 'count(\(name) > …)'")
            return faulty
        case .truth: return figure(Instruction(operation: .count, left: Int32(part.index)), .apps, layout, range)
        }
    }

    /// `sum(SIGNAL)`: all apps together.
    mutating func sum(_ use: SignalUse, _ range: Range<Int>) -> Part {
        guard isOfRuntime("sum", use, range), isOfEachApp("sum", use) else { return faulty }
        guard use.function == nil else {
            fault("type", "'sum' adds up a signal, as it is now", use.range, hint: "write 'sum(\(use.name))'")
            return faulty
        }
        let (part, layout) = overApps { $0.reading(use) }
        guard case .number(let unit) = part.type else { return faulty }
        guard unit.isCount || unit == .perMinute || unit == .dollarsPerHour || unit == .dollars else {
            let name = written(use.range)
            fault(
                "type", "'\(name)' is \(unit.noun): that of several apps does not add up", use.range,
                hint: "count the apps of which something holds: 'count(\(name) > …)'")
            return faulty
        }
        return figure(Instruction(operation: .sum, left: program[part.index].left), unit, layout, range)
    }

    /// `quantile(0.9, SIGNAL)`, `median(SIGNAL)`, `max(SIGNAL)`: how the apps lie.
    mutating func quantile(_ share: Double, _ word: String, _ use: SignalUse, _ range: Range<Int>) -> Part {
        // Elsewhere, and of an app within another figure, these two look back.
        if let function = HistoryFunction(rawValue: word), subject != .runtime {
            let hint = context.subject == .runtime ? "" : "; over apps it goes in a rule with 'subject: runtime'"
            // Of a workflow nothing is kept to look back at.
            let whose = subject == .workflow && !use.ofRuntime && !use.ofApp ? SeriesRef.Scope.app.prefix : ""
            fault(
                "missing-range", "\(word)(…) needs a range", use.nameRange,
                hint: "write '\(ConditionHints.call(function, whose + written(use.nameRange)))'\(hint)")
            return faulty
        }
        guard isOfRuntime(word, use, range), isOfEachApp(word, use) else { return faulty }
        guard use.function == nil else {
            fault(
                "type", "'\(word)' is of a signal, as it is now", use.range,
                hint: "write '\(word)(\(word == "quantile" ? "\(Figure.number(share)), " : "")\(use.name))'")
            return faulty
        }
        let (part, layout) = overApps { $0.reading(use) }
        guard case .number(let unit) = part.type else { return faulty }
        return figure(
            Instruction(operation: .quantile, left: program[part.index].left, constant: share), unit == .flag ? .number : unit, layout,
            range)
    }

    /// Whether there are apps to go over. Who means one signal and writes `sum` before it is told of that signal.
    private mutating func isOfRuntime(_ word: String, _ use: SignalUse?, _ range: Range<Int>) -> Bool {
        guard subject != .runtime else { return true }
        let place = range.lowerBound..<range.lowerBound + word.utf8.count
        guard context.subject != .runtime else {
            fault("subject", "'\(word)' goes over all apps, and has no place within another", place)
            return false
        }
        let argument = use.flatMap { use in
            use.function == nil ? (signal: written(use.nameRange), bracket: use.bracketRange.map { written($0) } ?? "") : nil
        }
        fault(
            "subject", "'\(word)' goes over the apps of a runtime; this rule is on \(subject.withArticle)", place,
            hint: argument.map { ConditionHints.function(word, of: $0, among: []) } ?? "such a rule has 'subject: runtime'")
        return false
    }

    /// Whether each app has a figure of its own: what is the runtime's alone is nothing to go over.
    private mutating func isOfEachApp(_ word: String, _ use: SignalUse) -> Bool {
        guard use.metric == nil, let signal = Signal(name: use.name), signal.info.subjects.contains(.runtime),
            use.ofRuntime || !signal.info.subjects.contains(.app)
        else { return true }
        let of = signal.info.subjects.filter { !$0.isBesideRuntimes }.map(\.rawValue).joined(separator: " or ")
        let asked = use.ofRuntime ? "runtime." + use.name : use.name
        fault(
            "subject-lacks-signal",
            use.ofRuntime
                ? "'\(asked)' is one figure, and '\(word)' goes over those of the apps" : "'\(use.name)' is read of \(of), not of app",
            use.nameRange,
            hint: "the runtime's own stands without '\(word)': write '\(use.name)'")
        return false
    }

    private mutating func figure(_ instruction: Instruction, _ unit: Unit, _ inner: ConditionLayout, _ range: Range<Int>) -> Part {
        let part = put(instruction, .number(unit), cost: 100)
        let (shown, thresholds) = inner.withThresholds(range, of: text)
        layout.insert(
            .apps(
                AppsPiece(instruction: part.index, written: written(range), shown: shown, unit: unit, thresholds: thresholds)), range)
        return part
    }
}
