import JSONParsing
import Model
import Testing

@Suite("Documents of incidents and leases")
struct DocumentTests {
    static let at = Timestamp(rfc3339: "2026-11-21T09:00:00.123Z") ?? Timestamp(milliseconds: 0)
    static let key = LeaseKey(kind: .throttle, runtime: "shared", app: AppID("app_clinic"))
    static let throttle = Effect.throttle(Limits(concurrentWorkflows: 2))

    static func decision(_ verdict: Verdict, lease: String? = nil) -> ActionDecision {
        ActionDecision(
            at: at, incident: "i-1", key: key, effect: throttle, ttl: .minutes(15), verdict: verdict, lease: lease)
    }

    /// An incident in which everything that can be there is there.
    static func incident() -> Incident {
        let subject = Subject.app(AppID("app_clinic"), runtime: "shared")
        let readings = [
            ComparedReading(series: "active_runs.share", unit: .percent, evidence: .value(61.25)),
            ComparedReading(series: "rise(errors[10m])", unit: .number, evidence: .value(.infinity)),
            ComparedReading(series: "tokens[5m]", unit: .perMinute, evidence: .missing(.deadCounter)),
        ]
        var incident = Incident(
            fingerprint: "0123456789abcdef", id: "0123456789abcdef-1", rule: "noisy-neighbor", subject: subject,
            severity: .warning, summary: "One app takes most.", origin: Origin(file: "p.yaml", line: 7),
            condition: "active_runs.share > $noisy_share", openedAt: at, since: at - .minutes(5),
            transitions: [
                Transition(
                    at: at, rule: "noisy-neighbor", subject: subject, from: .pending, to: .firing,
                    reason: "true for 5m",
                    condition: "active_runs.share (61.25%) > $noisy_share (40%)", readings: readings)
            ],
            evidence: [
                EvidenceSeries(
                    series: "active_runs.share", unit: .percent,
                    points: [
                        .init(at: at - .seconds(10), evidence: .missing(.error(status: 500))),
                        .init(at: at, evidence: .value(0)),
                    ])
            ],
            suggestions: ["scale_out"], nextSteps: ["Look."], playbook: "noisy-neighbor",
            labels: ["zone": "a", "environment": "production"])
        incident.flaps = 2
        incident.resolvedAt = at + .hours(1)
        incident.resolveReason = "cleared"
        incident.decisions = [
            decision(.act, lease: "lease-1"), decision(.wouldHave), decision(.alreadyInForce(lease: "lease-2")),
            decision(.refused(Refusal(.cooldown, "too soon"))), decision(.needsApproval(Refusal(.flap, "third"))),
            decision(.wouldAsk(Refusal(.approval, "asks"))),
            ActionDecision(
                at: at, incident: "i-1",
                key: LeaseKey(
                    kind: .disablePack, runtime: "shared", app: AppID(bytes: [0xFF, 0x61]), pack: PackID("Gen")),
                effect: .disablePack(PackID("Gen")), ttl: .minutes(1), verdict: .act),
        ]
        incident.acknowledged = .init(at: at, by: "ann", until: at + .hours(8), comment: "on it")
        incident.handling = [HandlingNote(at: at, kind: .message, by: "slack:ops", text: "sent")]
        return incident
    }

    static func lease() -> Lease {
        Lease(
            id: "lease-0123456789abcdef", key: key, effect: throttle,
            holders: [.init(incident: "i-1", effect: throttle, ttl: .minutes(15))], createdAt: at,
            expiresAt: at + .minutes(15), state: .ended, shadow: true, extensions: 3, endReason: "expired",
            endedAt: at + .minutes(15))
    }

    @Test("what a reading was at the least goes with it, and of one that is known there is none")
    func least() throws {
        let seen = ComparedReading(series: "cost[today]", unit: .dollars, evidence: .missing(.tooLittleData), least: 61.5)
        #expect(seen.document["at_least"]?.double == 61.5)
        #expect(try ComparedReading(DocumentReader(seen.document, document: "reading")) == seen)
        #expect(ComparedReading(series: "cost[today]", unit: .dollars, evidence: .value(70), least: 61.5).least == nil)
    }

    @Test("an incident reads back to itself, through bytes")
    func incidentRoundTrip() throws {
        let incident = DocumentTests.incident()
        let bytes = incident.document.serializedBytes()
        let again = try Incident(document: JSON(parsing: bytes))
        #expect(again == incident)
        #expect(again.document.serializedBytes() == bytes)
    }

    @Test("a lease reads back to itself, through bytes")
    func leaseRoundTrip() throws {
        let lease = DocumentTests.lease()
        #expect(try Lease(document: JSON(parsing: lease.document.serializedBytes())) == lease)
    }

    @Test("decisions and handling stand apart; a replay writes only the first, and knows no acknowledgement")
    func parts() throws {
        var incident = DocumentTests.incident()
        #expect(incident.document.object?.keys.suffix(2) == ["decisions", "handling"])
        #expect(incident.document["decisions"]?["acknowledged"] == nil)
        incident.resolvedAt = nil
        #expect(incident.document["status"] == "acknowledged")
        let replayed = incident.replayedDocument
        #expect(replayed["status"] == "open")
        #expect(replayed["handling"] == nil)
        incident.acknowledged = nil
        incident.handling = []
        #expect(incident.replayedDocument == replayed)
    }

    @Test("what is missing is typed and looks like no zero; ids that are not UTF-8 keep their bytes")
    func forms() throws {
        let document = DocumentTests.incident().document
        let readings = document["decisions"]?["transitions"]?[0]?["readings"]
        #expect(readings?[0]?["value"] == 61.25)
        #expect(readings?[1]?["value"] == "infinite")
        #expect(readings?[2]?["missing"] == "dead_counter")
        #expect(readings?[2]?["value"] == nil)
        #expect(document["decisions"]?["evidence"]?[0]?["points"]?[0]?["missing"] == "error(500)")
        #expect(document["decisions"]?["opened_at"] == "2026-11-21T09:00:00.123Z")
        #expect(document["decisions"]?["actions"]?[6]?["app_id_bytes"] == "%FFa")
        #expect(document["labels"]?.object?.keys == ["environment", "zone"])
    }

    /// Every place of a document, as a path of keys and indexes.
    static func paths(_ json: JSON, _ prefix: [Step] = []) -> [[Step]] {
        var all = [prefix]
        if let object = json.object { for member in object { all += paths(member.value, prefix + [.key(member.key)]) } }
        if let array = json.array {
            for (i, element) in array.enumerated() { all += paths(element, prefix + [.index(i)]) }
        }
        return all
    }

    enum Step: Hashable {
        case key(String)
        case index(Int)
    }

    static func replace(_ json: JSON, _ path: ArraySlice<Step>, by value: JSON?) -> JSON? {
        guard let first = path.first else { return value }
        switch first {
        case .key(let key):
            var object = json.object ?? [:]
            object[key] = object[key].flatMap { replace($0, path.dropFirst(), by: value) }
            return .object(object)
        case .index(let index):
            var array = json.array ?? []
            if let changed = replace(array[index], path.dropFirst(), by: value) {
                array[index] = changed
            } else {
                array.remove(at: index)
            }
            return .array(array)
        }
    }

    @Test("whatever stands in the place of a member, reading ends with an incident or a typed error that says where")
    func hostile() throws {
        let document = DocumentTests.incident().document
        let intruders: [JSON?] = [nil, .null, true, -1, 1e300, "nonsense", [], [:], .int(.max)]
        var refused = 0
        for path in DocumentTests.paths(document) where !path.isEmpty {
            for intruder in intruders {
                guard let changed = DocumentTests.replace(document, path[...], by: intruder) else { continue }
                do throws(DocumentError) {
                    _ = try Incident(document: changed)
                } catch {
                    refused += 1
                    #expect(error.document == "incident")
                    #expect(!error.path.isEmpty)
                }
            }
        }
        #expect(refused > 300)
    }

    @Test(
        "errors name the place",
        arguments: [
            ("schema", "incident: schema is not mozaiks.ops/incident/v1"),
            ("severity", "incident: severity is none of info, warning, critical"),
            ("decisions", "incident: decisions is not an object"),
        ])
    func places(member: String, text: String) {
        let changed = DocumentTests.replace(DocumentTests.incident().document, [.key(member)], by: "nonsense")
        let error = #expect(throws: DocumentError.self) { try Incident(document: changed ?? nil) }
        #expect(error?.description.hasPrefix(text) == true)
    }
}
