import Cycle
import Engine
import Model
import Policy
import Signals

extension CycleReport {
    /// The whole report for programs. Schema `mozaiks.ops/report/v1`.
    public var document: JSON {
        var replicas: [JSON] = []
        for replica in summary.replicas {
            let missing = Endpoint.allCases.compactMap { endpoint in
                replica.missing[endpoint].map { JSONObject.Member(key: endpoint.path, value: .string("\($0)")) }
            }
            var object: JSONObject = [
                "url": .string(replica.url), "healthy": replica.isHealthy.map { .bool($0) } ?? .null,
                "mongodb_ping_ms": .optional(replica.mongoPingMilliseconds),
                "websockets": .optional(replica.websockets), "tracked_chats": .optional(replica.trackedChats),
                "open_chats": .optional(replica.openChats), "apps": .optional(replica.appCount),
                "errors": .optional(replica.errors), "missing": .object(JSONObject(uniqueMembers: missing)),
            ]
            for endpoint in [Endpoint.host, .probe] {
                if let said = replica.said[endpoint] { object.append("said", .string(Shown.line(said))) }
                if let detail = replica.detail[endpoint] { object.append("detail", .string(Shown.line(detail))) }
            }
            replicas.append(.object(object))
        }
        let apps = result.readings.apps.indices.map { index -> JSON in
            ["app": .string(result.readings.apps[index].text), "readings": CycleReport.readings(appReadings(index))]
        }
        var report: JSONObject = [
            "schema": "mozaiks.ops/report/v1", "runtime": .string(summary.runtime), "at": .moment(result.now),
            "replicas": .array(replicas), "dead_counters": .array(summary.deadCounters.map { .string($0.name) }),
            "readings": CycleReport.readings(runtimeReadings), "apps": .array(apps),
        ]
        // As on tapes: a runtime where nothing is said of it.
        if summary.kind != .runtime { report.append("kind", .string(summary.kind.rawValue)) }
        return .object(report)
    }

    private static func readings(_ rows: [(series: SeriesRef, evidence: Evidence)]) -> JSON {
        .object(
            JSONObject(
                uniqueMembers: rows.map { series, evidence in
                    let value: JSON =
                        switch evidence {
                        case .value(let value): ["value": .figure(value), "unit": .string(series.signal.unit.suffix)]
                        case .missing(let reason): ["missing": .string("\(reason)")]
                        }
                    return JSONObject.Member(key: series.description, value: value)
                }))
    }
}

extension StatusVerdict {
    /// What passes came to, with all that they saw: `check -o json`.
    /// - Parameter reports: of the passes that it is about.
    public func document(_ reports: [CycleReport]) -> OutputDocument {
        OutputDocument(
            .check,
            [
                "status": .string(word.lowercased()), "line": .string(line),
                "incidents": .array(open.map(\.document)), "reports": .array(reports.map(\.document)),
            ])
    }
}
