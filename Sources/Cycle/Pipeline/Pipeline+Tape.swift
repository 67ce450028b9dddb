import Collector
import Engine
import Guard
import Model
import Signals
import Telling

/// What a tape that begins in the middle of things has of what went before it.
extension Pipeline {
    /// What is remembered, for a tape's second line; nil when nothing is.
    package var tapeState: JSON? {
        let known: [(name: String, state: RuntimeSignals)] = settings.runtimes.map(\.name).compactMap { name in
            signals[name].flatMap { $0.hasSeenAnything ? (name: name, state: $0) : nil }
        }
        guard newestMoment != nil || !known.isEmpty else { return nil }
        return [
            "engine": engine.document, "guard": guardState.document, "telling": telling.document,
            "signals": .object(
                JSONObject(known.map { (key: $0.name, value: .string(Base64.encode($0.state.encoded()))) })),
        ]
    }

    /// Takes up what a tape holds of what went before. What cannot be read is left out, and named.
    /// - Parameter decisions: also what was decided; else only what the evidence was, for policies of which nothing was.
    mutating func takeUp(tape state: JSON, decisions: Bool) -> [String] {
        var faults: [String] = []
        func fault(_ what: String, _ why: String) { faults.append("\(what) at the beginning of the tape cannot be read: \(why)") }
        for runtime in settings.runtimes.map(\.name) {
            guard let text = state["signals"]?[runtime]?.string, let fresh = signals[runtime] else { continue }
            do {
                guard let bytes = Base64.decode(text) else { throw TapeSettings.Unusable(description: "it is not base64") }
                let kept = try RuntimeSignals(decoding: bytes, options: fresh.options)
                guard kept.runtime.isSame(as: runtime) else {
                    throw TapeSettings.Unusable(description: "it is of another runtime")
                }
                signals[runtime] = kept
                noteAnswers(of: kept)
            } catch {
                fault("the evidence of \(runtime)", "\(error)")
            }
        }
        guard decisions else { return faults }
        do {
            // All of it or nothing: leases without their incidents mean something else.
            let (engine, guardState, telling) = (
                try EngineState(document: state["engine"] ?? .null), try GuardState(document: state["guard"] ?? .null),
                try TellingState(document: state["telling"] ?? .null)
            )
            (self.engine, self.guardState, self.telling) = (engine, guardState, telling)
        } catch {
            fault("what had been decided", "\(error)")
        }
        return faults
    }

    /// Has the clock of a runtime know of the answers that its signals remember.
    mutating func noteAnswers(of state: RuntimeSignals) {
        for endpoint in Endpoint.allCases {
            if let at = state.newestObservation(of: endpoint) { clocks[state.runtime]?.note(endpoint, at: at) }
        }
    }
}

extension RuntimeSignals {
    fileprivate var hasSeenAnything: Bool { Endpoint.allCases.contains { newestObservation(of: $0) != nil } }
}
