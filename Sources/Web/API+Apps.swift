import Cycle
import Journal
import Model
import Views

/// Apps.
extension API {
    static func app(_ encoded: String, _ reading: Reading) throws -> JSON {
        let detail = try detail(ofApp: encoded, reading).detail
        guard var document = detail.document.object else { return detail.document }
        // Of a mistyped id everything is empty, as of an app that has done nothing for a day: it says which.
        var filter = IncidentFilter()
        filter.app = detail.app
        let strangers = try reading.strangers(in: filter)
        document.append("notes", .array(strangers.map { .string($0.whole) }))
        return .object(document)
    }

    /// What is known of an app, by its id as it stands in a path, still encoded.
    static func detail(ofApp encoded: String, _ reading: Reading) throws -> (detail: AppDetail, situation: Situation, overview: Overview) {
        guard let named = PercentDecoding.text(encoded.utf8), !named.isEmpty, named.utf8.count <= 4_096 else {
            throw Problem.notFound("that is no id of an app")
        }
        let situation = try situation(of: policies(reading), reading)
        let overview = try Overview(reading.folder, reading.journal, reading.surroundings, now: reading.now)
        let detail = AppDetail(
            AppID(named), situation, overview, weights: { AppWeights($0, in: reading.journal) },
            months: { reading.shelf.month($0, reading) })
        return (detail, situation, overview)
    }
}
