import Model
import Testing

@testable import Policy

/// Health × figures × events, each as a runtime, a proxy or nobody may answer: no combination in which nothing is said,
/// but for those that are named here with their reason. docs/rules.md shows the table.
@Suite struct SilenceMatrixTests {
    static let reasons: [MissingReason] = [
        .unreachable, .unauthorized, .malformed, .partial, .error(status: 302), .error(status: 404), .error(status: 429),
        .error(status: 500), .error(status: 502), .error(status: 503),
    ]

    /// What the runtime's rules that hold of these answers are called. `hadThem`: health and events were read within a day.
    private func told(
        health: MissingReason?, figures: MissingReason?, events: MissingReason?, isHealthy: Bool = true, hadThem: Bool = true
    ) -> [String] {
        func reading(_ reason: MissingReason?, _ value: Double) -> Evidence { reason.map(Evidence.missing) ?? .value(value) }
        let nobody = [health, figures, events].allSatisfy { $0 == .unreachable }
        let readings: [String: Evidence] = [
            "up": .value(nobody ? 0 : 1), "healthy": reading(health, isHealthy ? 1 : 0), "websockets": reading(health, 3),
            "tracked_chats": reading(figures, 5), "uptime": reading(events, 90),
            "max(healthy[24h])": health != nil && !hadThem ? .missing(.notTracked) : .value(1),
            "max(uptime[24h])": events != nil && !hadThem ? .missing(.notTracked) : .value(90),
        ]
        return PolicySet.embeddedDefault.rules(for: .runtime)
            .filter { $0.when.evaluate(FixedReadings($0.when, readings)) == .yes }.map(\.name)
    }

    @Test func `no combination of failing answers is silent`() {
        let states: [MissingReason?] = [nil] + Self.reasons.map { $0 }
        var combinations = 0
        for health in states {
            for figures in states {
                for events in states where health != nil || figures != nil || events != nil {
                    combinations += 1
                    // One URL leads to several processes: of events and of health alone that hides nothing by itself, and
                    // what it does to tenants' figures is said by perf-unreadable.
                    let isOnlyPartial = [health, events].allSatisfy { $0 == nil || $0 == .partial } && figures == nil
                    if isOnlyPartial { continue }
                    #expect(
                        !told(health: health, figures: figures, events: events).isEmpty,
                        "health \(health as Any), figures \(figures as Any), events \(events as Any)")
                }
            }
        }
        #expect(combinations == 11 * 11 * 11 - 1)
    }

    @Test func `what is well is not told, nor an endpoint that the build never had`() {
        #expect(told(health: nil, figures: nil, events: nil) == [])
        #expect(told(health: .error(status: 404), figures: nil, events: nil, hadThem: false) == [])
        #expect(told(health: nil, figures: nil, events: .error(status: 404), hadThem: false) == [])
        #expect(told(health: .error(status: 404), figures: nil, events: nil) == ["health-unreadable"])
        #expect(told(health: nil, figures: nil, events: nil, isHealthy: false) == ["runtime-unhealthy"])
    }

    @Test func `the first that is told is the weightiest`() {
        #expect(told(health: .unreachable, figures: .unreachable, events: .unreachable).first == "runtime-down")
        for status: UInt16 in [302, 404, 429, 502, 503] {
            let reason = MissingReason.error(status: status)
            #expect(told(health: reason, figures: reason, events: reason).first == "runtime-unreachable")
        }
        #expect(told(health: .unauthorized, figures: .unauthorized, events: .unauthorized).first == "runtime-unauthorized")
    }
}
