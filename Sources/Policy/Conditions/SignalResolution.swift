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
        let kind = kind(of: use)
        if let call = use.metric { return metric(call.query, use, kind, &faults) }
        var known: [String] { Signal.table.filter { $0.subjects.contains(kind) && $0.signal != .metric }.map(\.name) }
        guard let signal = Signal(name: use.name), signal.name.isSame(as: use.name) else {
            return fault(
                "unknown-signal", "no signal '\(use.name)'", use.nameRange,
                hint: prefixed(use) ?? ConditionHints.signal(use.name, known: known, thresholds: thresholds.keys.inByteOrder()))
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
        if let offset = use.offset, let wrong = SignalResolution.fault(offset: offset, of: use, subject) {
            faults.append(wrong)
            return nil
        }
        if scope == .workflow, use.function != nil || use.offset != nil || use.period != nil { return past(ofWorkflow: use, &faults) }
        if let period = use.period { return total(use, signal, scope, period, &faults) }
        guard let function = use.function else {
            guard let offset = use.offset else { return plain(use, signal, scope, &faults) }
            return earlier(use, signal, scope, offset, &faults)
        }
        return history(use, signal, scope, function, &faults)
    }

    /// `workflow.active_runs`, `host.cpu`: the kind of subject before a signal of it, which stands in the rule instead.
    private func prefixed(_ use: SignalUse) -> String? {
        let parts = use.name.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2, let kind = SubjectKind(rawValue: parts[0]), let signal = Signal(name: parts[1]),
            signal.info.subjects.contains(kind)
        else { return nil }
        if kind == subject { return "write '\(signal.name)'" }
        let reaches = subject.isOfApp && kind == .runtime || subject == .workflow && kind == .app
        return reaches ? "write '\(kind.rawValue).\(signal.name)'" : "a rule that reads it has 'subject: \(kind.rawValue)'"
    }

    /// Of what it is read.
    private func kind(of use: SignalUse) -> SubjectKind { use.ofRuntime ? .runtime : use.ofApp ? .app : subject }

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
                hint: subject.isOfApp ? "write 'runtime.\(query)'" : "a rule that reads it has 'subject: runtime'")
        }
        if use.period != nil, let range = use.bracketRange {
            return fault(
                "period", "of metrics no days are added up", range,
                hint: "write '[\(window)]'; the growth of a whole day is asked of Prometheus")
        }
        if let offset = use.offset {
            return fault(
                "offset", "of metrics nothing is kept that long: they have no offset", offset.range,
                hint: "the page's own past is asked of Prometheus")
        }
        let scope = scope(of: use)
        if use.function == .predict { return predicted(query, use, scope, &faults) }
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
        if function == .predict, let wrong = unpredictable(use, signal, scope) {
            faults.append(wrong)
            return nil
        }
        // Functions read whole minutes; baseline needs thirty of them before the window, rise three thirds.
        let exclude = function == .baseline || function == .mad || function.comparesWindows ? window : nil
        let least: TimeSpan =
            switch function {
            case .avg, .min, .max, .earlier, .total: .minutes(1)
            case .rise: .minutes(3)
            case .predict: .minutes(15)
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
        return SeriesRef(
            signal: signal, scope: scope, function: function, range: span, exclude: exclude, offset: use.offset?.span, ahead: use.ahead)
    }
}

// MARK: - The past, and what follows from it

extension SignalResolution {
    /// What is wrong with an offset, whatever it is of.
    private static func fault(offset: SignalUse.Offset, of use: SignalUse, _ subject: SubjectKind) -> ConditionFault? {
        if subject == .replica {
            return ConditionFault("offset", "no minutes are kept of a single replica: it has no offset", offset.range)
        }
        let longest = ConditionCompiler.longestOffset
        guard offset.span.milliseconds % 60_000 == 0, offset.span >= .minutes(1), offset.span <= longest else {
            let whole = offset.span.milliseconds % 60_000 == 0 ? "" : "whole minutes, "
            return ConditionFault("offset", "an offset is \(whole)between 1m and \(longest)", offset.range)
        }
        guard let range = use.bracket, let place = use.bracketRange, range > ConditionCompiler.longestWindow else { return nil }
        return ConditionFault(
            "offset", "with an offset a range is at most \(ConditionCompiler.longestWindow)", place)
    }

    /// A workflow's past, of which nothing is kept: its app's can be had, or it is said what is wrong with that, too.
    private func past(ofWorkflow use: SignalUse, _ faults: inout [ConditionFault]) -> SeriesRef? {
        guard let series = resolve(use.ofItsApp, &faults) else { return nil }
        let what =
            use.function.map { "'\($0.rawValue)(…)'" } ?? use.period.map { "'[\($0.rawValue)]'" } ?? "'offset'"
        faults.append(
            ConditionFault(
                "no-history", "\(what) looks at the minutes of the past, and those are kept of apps, not of workflows", use.range,
                hint: "write '\(series)' for the whole app's"))
        return nil
    }

    /// Why no line is drawn through a signal.
    private func unpredictable(_ use: SignalUse, _ signal: Signal, _ scope: SeriesRef.Scope) -> ConditionFault? {
        let isOfApp = subject.isOfApp && scope != .runtime
        if isOfApp || subject == .replica {
            let whose = subject == .workflow ? "an app or its workflow" : subject.withArticle
            return ConditionFault(
                "predict", "'predict' is of a runtime, a host or a service, not of \(whose)", use.range,
                hint: isOfApp && signal.info.subjects.contains(.runtime)
                    ? "write 'predict(runtime.\(use.name)[\(use.bracket ?? window)], \(use.ahead ?? window))'" : nil)
        }
        guard signal.info.shape == .gauge, signal.unit != .flag else {
            return ConditionFault(
                "predict", "'\(use.name)' follows no line: 'predict' is of what is read at a moment, such as disk_free or open_runs",
                use.range)
        }
        return wrongAhead(use)
    }

    private func wrongAhead(_ use: SignalUse) -> ConditionFault? {
        let longest = ConditionCompiler.longestAhead
        guard let ahead = use.ahead, ahead < .minutes(1) || ahead > longest else { return nil }
        return ConditionFault("predict", "'predict' looks between 1m and \(longest) ahead", use.range)
    }

    private func predicted(
        _ query: MetricQuery, _ use: SignalUse, _ scope: SeriesRef.Scope, _ faults: inout [ConditionFault]
    ) -> SeriesRef? {
        let longest = ConditionCompiler.longestWindow
        if query.reading.isWindowed {
            faults.append(
                ConditionFault(
                    "predict", "'\(query)' follows no line: 'predict' is of what is read at a moment", use.range,
                    hint: "write 'predict(\(query.selector)[6h], 4h)'"))
        } else if let wrong = wrongAhead(use) {
            faults.append(wrong)
        } else if let range = use.bracket, let ahead = use.ahead, let place = use.bracketRange {
            guard range < .minutes(15) || range > longest else {
                return SeriesRef(predicted: query, scope: scope, range: range, ahead: ahead)
            }
            faults.append(ConditionFault("range", "the range of predict(…) of a metric is between 15m and \(longest)", place))
        } else {
            let hint = "write 'predict(\(query)[6h], \(use.ahead ?? .hours(4)))'"
            faults.append(ConditionFault("missing-range", "predict(…) needs a range", use.range, hint: hint))
        }
        return nil
    }

    /// What a rate adds up to since the day or the month began.
    private func total(
        _ use: SignalUse, _ signal: Signal, _ scope: SeriesRef.Scope, _ period: CalendarPeriod, _ faults: inout [ConditionFault]
    ) -> SeriesRef? {
        let name = scope.prefix + use.name
        func fault(_ message: String, _ range: Range<Int>, hint: String? = nil) -> SeriesRef? {
            faults.append(ConditionFault("period", message, range, hint: hint))
            return nil
        }
        if subject == .replica { return fault("no minutes are kept of a single replica: its days are not added up", use.range) }
        if let function = use.function {
            return fault(
                "'[\(period.rawValue)]' is one sum, and '\(function.rawValue)' is of many minutes", use.range,
                hint: "write '\(name)[\(period.rawValue)]', or '\(function.rawValue)(\(name)[\(ConditionHints.range(of: function))])'")
        }
        if let offset = use.offset { return fault("of days and months that are over no sums are kept", offset.range) }
        guard signal.addsUp else {
            let isCount = signal.info.shape == .count
            let adding = Signal.allCases.filter { $0.addsUp && $0.info.subjects.contains(kind(of: use)) }.map(\.name)
            return fault(
                isCount
                    ? "'\(use.name)' is counted in a window, and not by days"
                    : "'\(use.name)' does not add up over a day: it is no count of what happens", use.range,
                hint: "write '\(isCount ? "\(name)[24h]" : "avg(\(name)[24h])")'"
                    + (adding.isEmpty ? "" : "; what adds up: " + adding.joined(separator: ", ")))
        }
        return SeriesRef(total: signal, of: period, scope: scope)
    }

    /// A rate or a gauge as it was. Of what is divided or ranked the minutes hold the answers only, and those of many minutes do
    /// not make the answer of them all.
    private func earlier(
        _ use: SignalUse, _ signal: Signal, _ scope: SeriesRef.Scope, _ offset: SignalUse.Offset, _ faults: inout [ConditionFault]
    ) -> SeriesRef? {
        let name = scope.prefix + use.name
        switch signal.info.shape {
        case .gauge:
            guard let bracket = use.bracketRange else {
                return SeriesRef(signal: signal, scope: scope, function: .earlier, range: .minutes(1), offset: offset.span)
            }
            faults.append(
                ConditionFault(
                    "window", "'\(use.name)' is read at a moment and has no window", bracket,
                    hint: "write '\(name) offset \(offset.span)', or 'avg(\(name)[\(use.bracket ?? window)] offset \(offset.span))'"))
            return nil
        case .rate:
            if let bracket = use.bracket, let place = use.bracketRange, let wrong = SignalResolution.fault(window: bracket, place) {
                faults.append(wrong)
                return nil
            }
            return SeriesRef(signal: signal, scope: scope, function: .earlier, range: use.bracket ?? window, offset: offset.span)
        case .ratio, .quantile, .count:
            faults.append(
                ConditionFault(
                    "offset", "of '\(use.name)' it is kept what each minute was, not what a whole window of the past was", use.range,
                    hint: "write 'avg(\(name)[\(use.bracket ?? window)] offset \(offset.span))', the mean of those minutes"))
            return nil
        }
    }
}
