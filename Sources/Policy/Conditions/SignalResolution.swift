import Model
import YAML

/// Turns a signal as a condition names it into a series, or says why it cannot.
struct SignalResolution {
    let subject: SubjectKind
    /// The policy's window, for signals that name none.
    let window: TimeSpan
    /// Their names are put in order only for what was probably meant: most names are right, and a start waits for them.
    var thresholds: [String: Threshold] = [:]

    func resolve(_ use: SignalUse, _ faults: inout [ConditionFault]) -> SeriesRef? {
        func fault(_ code: String, _ message: String, _ range: Range<Int>, hint: String? = nil) -> SeriesRef? {
            faults.append(ConditionFault(code, message, range, hint: hint))
            return nil
        }
        if use.ofApp, subject != .workflow {
            return fault(
                "app-prefix", "'app.' reaches from a workflow to its app; this is about \(subject.withArticle)", use.nameRange,
                hint: "write '\(use.name)'")
        }
        if use.ofRuntime, !subject.isOfApp {
            return fault(
                "runtime-prefix",
                "'runtime.' reaches from an app to its runtime; this rule is on \(subject.withArticle)",
                use.nameRange, hint: "write '\(use.metric?.query.description ?? use.name)'")
        }
        let kind: SubjectKind = use.ofRuntime ? .runtime : use.ofApp ? .app : subject
        if let call = use.metric { return metric(call.query, use, kind, &faults) }
        var known: [String] { Signal.table.filter { $0.subjects.contains(kind) && !$0.signal.isOfPage }.map(\.name) }
        guard let signal = Signal(name: use.name), signal.name.isSame(as: use.name) else {
            return fault(
                "unknown-signal", "no signal '\(use.name)'", use.nameRange,
                hint: ConditionHints.signal(
                    use.name, known: known, thresholds: thresholds.keys.inByteOrder()))
        }
        guard signal.info.subjects.contains(kind) else {
            // Who writes of runtimes is told of those, where there are such.
            let near = signal.info.subjects.filter { $0.isBesideRuntimes == kind.isBesideRuntimes }
            let others = (near.isEmpty ? signal.info.subjects : near).map(\.rawValue).joined(separator: " or ")
            let hint =
                subject == .workflow && !use.ofRuntime && !use.ofApp && signal.info.subjects.contains(.app)
                ? "write 'app.\(use.name)'"
                : subject.isOfApp && !use.ofRuntime && signal.info.subjects.contains(.runtime)
                    ? "write 'runtime.\(use.name)'"
                    : near.isEmpty
                        ? "a rule that reads it has 'subject: \(signal.info.subjects[0].rawValue)'"
                        : Nearest.hint(to: use.name, among: known)
            return fault(
                "subject-lacks-signal", "'\(use.name)' is read of \(others), not of \(kind.rawValue)", use.nameRange,
                hint: hint)
        }
        let scope = scope(of: use)
        guard let function = use.function else {
            return plain(use, signal, scope, &faults)
        }
        return history(use, signal, scope, function, &faults)
    }

    private func scope(of use: SignalUse) -> SeriesRef.Scope {
        use.ofRuntime ? .runtime : use.ofApp ? .app : subject == .workflow ? .workflow : .own
    }

    private func metric(
        _ query: MetricQuery, _ use: SignalUse, _ kind: SubjectKind, _ faults: inout [ConditionFault]
    ) -> SeriesRef? {
        func fault(_ code: String, _ message: String, _ range: Range<Int>, hint: String? = nil) -> SeriesRef? {
            faults.append(ConditionFault(code, message, range, hint: hint))
            return nil
        }
        guard Signal.metric.info.subjects.contains(kind) else {
            return fault(
                "subject-lacks-signal", "metrics are read of a runtime or of a replica, not of \(kind.withArticle)", use.nameRange,
                hint: subject.isOfApp ? "write 'runtime.\(query)'" : nil)
        }
        let scope = scope(of: use)
        guard query.reading.isWindowed else {
            guard let range = use.bracketRange else { return SeriesRef(metric: query, scope: scope) }
            return fault(
                "window", "'\(query)' is read at a moment and has no window", range,
                hint: query.reading == .value ? "write '\(query)', or '\(query).rate[\(use.bracket ?? window)]'" : "write '\(query)'")
        }
        if let bracket = use.bracket, let range = use.bracketRange, let wrong = SignalResolution.fault(window: bracket, range) {
            faults.append(wrong)
            return nil
        }
        return SeriesRef(metric: query, scope: scope, window: use.bracket ?? window)
    }

    private static func fault(window: TimeSpan, _ range: Range<Int>) -> ConditionFault? {
        guard window < .seconds(1) || window > ConditionCompiler.longestWindow else { return nil }
        return ConditionFault("window", "a window is between 1s and \(ConditionCompiler.longestWindow)", range)
    }

    private func plain(
        _ use: SignalUse, _ signal: Signal, _ scope: SeriesRef.Scope, _ faults: inout [ConditionFault]
    ) -> SeriesRef? {
        guard let bracket = use.bracket, let range = use.bracketRange else {
            return SeriesRef(signal: signal, scope: scope, window: signal.isWindowed ? window : nil)
        }
        guard signal.isWindowed else {
            let name = scope.prefix + use.name
            faults.append(
                ConditionFault(
                    "window", "'\(use.name)' is read at a moment and has no window", range,
                    hint: "write '\(name)'" + (scope == .workflow ? "" : ", or 'avg(\(name)[\(bracket)])'")))
            return nil
        }
        if let wrong = SignalResolution.fault(window: bracket, range) {
            faults.append(wrong)
            return nil
        }
        return SeriesRef(signal: signal, scope: scope, window: bracket)
    }

    private func history(
        _ use: SignalUse, _ signal: Signal, _ scope: SeriesRef.Scope, _ function: HistoryFunction,
        _ faults: inout [ConditionFault]
    ) -> SeriesRef? {
        guard let span = use.bracket, let range = use.bracketRange else { return nil }
        guard scope != .workflow else {
            faults.append(
                ConditionFault(
                    "no-history",
                    "'\(function.rawValue)(…)' looks at the minutes of the past, and those are kept of apps, not of workflows",
                    use.range, hint: "write '\(function.rawValue)(app.\(use.name)[\(span)])' for the whole app's"))
            return nil
        }
        // Functions read whole minutes; baseline needs thirty of them before the window, rise three thirds.
        let exclude = function == .baseline || function == .mad || function.comparesWindows ? window : nil
        let least: TimeSpan =
            switch function {
            case .avg, .min, .max: .minutes(1)
            case .rise: .minutes(3)
            case .baseline, .mad, .spike, .outgrew, .excess: .minutes(30) + window
            }
        let longest = ConditionCompiler.longestRange
        guard span.milliseconds % 60_000 == 0, span >= least, span <= longest else {
            let whole = span.milliseconds % 60_000 == 0 ? "" : "whole minutes, "
            faults.append(
                ConditionFault(
                    "range", "the range of \(function.rawValue)(…) is \(whole)between \(least) and \(longest)", range))
            return nil
        }
        return SeriesRef(signal: signal, scope: scope, function: function, range: span, exclude: exclude)
    }
}
