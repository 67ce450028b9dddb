import Collector
import Guard
import Journal
import Model
import Policy
import Signals
import Telling

/// The settings and policies that decisions follow from, as a tape holds them.
public enum TapeSettings {
    /// Why they cannot be used.
    public struct Unusable: Error, CustomStringConvertible {
        public let description: String
    }

    public static func document(_ settings: MonitorSettings, _ policies: PolicySet) -> JSON {
        var object: JSONObject = [
            "environment": .string(settings.environment), "mode": .string(settings.mode.rawValue),
            "perf_share": .figure(settings.perfShare), "guard": limits(settings.guardOptions),
            "lands_at_gate_only": .bool(settings.landsAtGateOnly),
            "landable": .array(settings.landable.map(\.rawValue).sorted().map(JSON.string)),
            "labels": .object(
                JSONObject(
                    settings.runtimes.map { runtime in
                        (
                            key: runtime.name,
                            value: .object(
                                JSONObject(
                                    runtime.labels.sorted { $0.key < $1.key }.map { (key: $0.key, value: .string($0.value)) }))
                        )
                    })),
            "policies": .array(
                policies.files.map {
                    ["file": .string($0.path), "text": .string(String(decoding: $0.bytes, as: UTF8.self))]
                }),
        ]
        object.append(
            "price",
            settings.price.map { price in
                [
                    "prompt_per_million": .figure(price.promptPerMillion),
                    "completion_per_million": .figure(price.completionPerMillion),
                ]
            } ?? .null)
        object.append("landable_keys", .array(settings.landableKeys.sorted().map(\.document)))
        object.append(
            "landable_on_approval",
            .array(
                settings.landableOnApproval.sorted { $0.key < $1.key }.map { entry -> JSON in
                    ["key": entry.key.document, "reason": .string(entry.value)]
                }))
        object.append(
            "maintenance",
            .array(
                settings.telling.maintenance.map { window -> JSON in
                    [
                        "hours": window.hours.document, "match": window.match.document,
                        "comment": .string(window.comment),
                    ]
                }))
        // Also where no rule of now goes by it: another policy may, that the tape is replayed with.
        if !settings.telling.maintenance.isEmpty || policies.readsClock || !settings.telling.zone.isUTC {
            object.append("zone", settings.telling.zone.document)
        }
        return .object(object)
    }

    private static func limits(_ options: GuardOptions) -> JSON {
        var limits: JSONObject = [
            "protected": .array(options.protected.sorted().map { .string($0.percentEncoded) }),
            "cooldown_ms": .int(options.cooldown.milliseconds), "per_app_hour": .int(Int64(options.perAppHour)),
            "total_hour": .int(Int64(options.totalHour)), "storm_incidents": .int(Int64(options.stormIncidents)),
            "storm_ms": .int(options.stormWindow.milliseconds), "max_lease_ms": .int(options.maxLease.milliseconds),
            "quiet_after_restart_ms": .int(options.quietAfterRestart.milliseconds),
            "quiet_after_fault_ms": .int(options.quietAfterFault.milliseconds),
            "blast_percent": TapeSettings.number(options.blastPercent), "leases_per_day": .int(Int64(options.leasesPerDay)),
            "approval_expiry_ms": .int(options.approvalExpiry.milliseconds),
        ]
        if let runs = options.floor.concurrentWorkflows { limits.append("floor_runs", .int(Int64(runs))) }
        if let starts = options.floor.requestsPerMinute { limits.append("floor_starts", .int(Int64(starts))) }
        return .object(limits)
    }

    /// A whole number as one, so that older versions read it.
    private static func number(_ value: Double) -> JSON { value == value.rounded() ? .int(Int64(value)) : .figure(value) }

    /// The same with minutes that were read back from the journal, because its policies look further back.
    package static func adding(minutes: [String: [SubjectMinute]], to document: JSON) -> JSON {
        guard var object = document.object else { return document }
        object.append(
            "minutes",
            .object(
                JSONObject(
                    minutes.inByteOrder(of: \.key).map {
                        (key: $0.key, value: .string(Base64.encode(MinuteBlob.encode($0.value))))
                    })))
        return .object(object)
    }

    /// Those minutes.
    static func minutes(_ document: JSON) throws -> [(runtime: String, rows: [SubjectMinute])] {
        var found: [(runtime: String, rows: [SubjectMinute])] = []
        for member in document["minutes"]?.object?.members ?? [] {
            guard let bytes = member.value.string.flatMap({ Base64.decode($0) }) else {
                throw Unusable(description: "minutes that are not base64")
            }
            found.append((member.key, try MinuteBlob.decode(bytes)))
        }
        return found
    }

    /// Where something was recorded: facts, and no decisions.
    struct Place: Sendable {
        /// Whose clocks held; nil where the document does not say, or says nothing that can be read.
        let zone: Zone?
        let environment: String?
        /// Of the runtimes that it names.
        let labels: [String: [String: String]]

        init(_ document: JSON) {
            zone = (try? DocumentReader(document, document: "settings").optional("zone")).flatMap { $0 }.flatMap { try? Zone($0) }
            environment = document["environment"]?.string
            labels = Dictionary((document["labels"]?.object?.members ?? []).map { ($0.key, TapeSettings.labels($0.value)) }) { $1 }
        }
    }

    private static func labels(_ value: JSON) -> [String: String] {
        Dictionary((value.object?.members ?? []).compactMap { member in member.value.string.map { (member.key, $0) } }) { $1 }
    }

    /// What a document changes in settings, and its policies. Members that are missing stay as they are, and so do the
    /// policies when it has none.
    static func read(_ document: JSON, onto settings: MonitorSettings) throws(Unusable) -> (MonitorSettings, PolicySet?) {
        var settings = settings
        if let text = document["environment"]?.string { settings.environment = text }
        if let mode = document["mode"]?.string {
            guard let mode = Mode(rawValue: mode) else { throw Unusable(description: "a mode that is none") }
            settings.mode = mode
        }
        if let share = document["perf_share"]?.double, share > 0, share <= 1 { settings.perfShare = share }
        settings.landsAtGateOnly = document["lands_at_gate_only"]?.bool ?? false
        if let kinds = document["landable"]?.array {
            settings.landable = Set(kinds.compactMap { $0.string.flatMap(ActionKind.init(rawValue:)) })
        }
        try readLists(document, onto: &settings)
        if let limits = document["guard"] { readLimits(limits, onto: &settings) }
        if let labels = document["labels"]?.object {
            for index in settings.runtimes.indices {
                guard let own = labels[settings.runtimes[index].name], own.object != nil else { continue }
                settings.runtimes[index].labels = TapeSettings.labels(own)
            }
        }
        if document["price"]?.isNull == true { settings.price = nil }
        if let price = document["price"], let prompt = price["prompt_per_million"]?.double,
            let completion = price["completion_per_million"]?.double, prompt >= 0, completion >= 0
        {
            settings.price = TokenPrice(promptPerMillion: prompt, completionPerMillion: completion)
        }
        return (settings, try policies(document))
    }

    private static func readLists(_ document: JSON, onto settings: inout MonitorSettings) throws(Unusable) {
        do throws(DocumentError) {
            func elements(_ key: String) throws(DocumentError) -> [DocumentReader]? {
                try DocumentReader(document, document: "settings").optional(key)?.elements()
            }
            if let keys = try elements("landable_keys") {
                settings.landableKeys = Set(try keys.map { key throws(DocumentError) in try LeaseKey(key) })
            }
            if let keys = try elements("landable_on_approval") {
                settings.landableOnApproval = [:]
                for entry in keys {
                    settings.landableOnApproval[try LeaseKey(entry.member("key"))] = try entry.member("reason").string()
                }
            }
            if let windows = try elements("maintenance") {
                settings.telling.maintenance = try windows.map { window throws(DocumentError) in
                    TellingSettings.Maintenance(
                        hours: try Hours(window.member("hours")), match: try IncidentMatch(window.member("match")),
                        comment: try window.member("comment").string())
                }
            }
            if let zone = try DocumentReader(document, document: "settings").optional("zone") {
                settings.telling.zone = try Zone(zone)
            }
        } catch {
            throw Unusable(description: error.description)
        }
    }

    private static func readLimits(_ limits: JSON, onto settings: inout MonitorSettings) {
        func number(_ value: JSON?, _ range: ClosedRange<Int64>) -> Int64? { value?.int.flatMap { range.contains($0) ? $0 : nil } }
        let spans: ClosedRange<Int64> = 0...TimeSpan.hours(24 * 366).milliseconds
        var options = settings.guardOptions
        if let apps = limits["protected"]?.array {
            options.protected = apps.compactMap { $0.string.flatMap { AppID(percentEncoded: $0) } }
        }
        func span(_ key: String, _ path: WritableKeyPath<MonitorSettings, TimeSpan>) {
            if let value = number(limits[key], spans) { settings[keyPath: path] = TimeSpan(milliseconds: value) }
        }
        func count(_ key: String, _ path: WritableKeyPath<MonitorSettings, Int>) {
            if let value = number(limits[key], 0...1_000_000) { settings[keyPath: path] = Int(value) }
        }
        options.floor = Limits(
            concurrentWorkflows: number(limits["floor_runs"], 0...1_000_000).map { Int($0) },
            requestsPerMinute: number(limits["floor_starts"], 0...1_000_000).map { Int($0) })
        settings.guardOptions = options
        span("cooldown_ms", \.guardOptions.cooldown)
        span("storm_ms", \.guardOptions.stormWindow)
        span("max_lease_ms", \.guardOptions.maxLease)
        span("quiet_after_restart_ms", \.guardOptions.quietAfterRestart)
        span("quiet_after_fault_ms", \.guardOptions.quietAfterFault)
        span("approval_expiry_ms", \.guardOptions.approvalExpiry)
        count("per_app_hour", \.guardOptions.perAppHour)
        count("total_hour", \.guardOptions.totalHour)
        count("storm_incidents", \.guardOptions.stormIncidents)
        if let percent = limits["blast_percent"]?.double, (0...100).contains(percent) { settings.guardOptions.blastPercent = percent }
        count("leases_per_day", \.guardOptions.leasesPerDay)
    }

    /// Nil where it has none.
    private static func policies(_ document: JSON) throws(Unusable) -> PolicySet? {
        guard let listed = document["policies"]?.array else { return nil }
        let files = listed.compactMap { file -> PolicyFile? in
            guard let path = file["file"]?.string, let text = file["text"]?.string else { return nil }
            return PolicyFile(path: path, bytes: Array(text.utf8))
        }
        switch PolicyLoader.load(files: files) {
        case .success(let policies): return policies
        case .failure(let errors): throw Unusable(description: "\(errors.diagnostics.first?.description ?? "policies with errors")")
        }
    }
}
