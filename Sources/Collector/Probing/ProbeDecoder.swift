import Model

/// Reads what one look at a service came to: our own when it is live, and anybody's when it comes from a tape.
enum ProbeDecoder {
    static func decode(_ body: Body) throws(MalformedBody) -> Decoded {
        var reader = try ObjectReader(body)
        let root = reader.root
        // It could not be looked at: that is no statement that it is down.
        if let missing = reader.object("missing", in: root) {
            let reason = reader.string("reason", in: missing).flatMap { MissingReason($0) }
            return .missing(.probe, reason ?? .malformed, detail: PlainText.bounded(reader.string("detail", in: missing) ?? ""))
        }
        guard let up = reader.int("up", in: root) else { throw MalformedBody("it does not say whether the service is up") }
        var view = ProbeView(isUp: up == 1)
        view.detail = reader.string("detail", in: root).map { PlainText.bounded($0) }
        view.latency = amount("latency_s", root, &reader)
        view.status = reader.int("status", in: root).flatMap { (100...599).contains($0) ? $0 : nil }
        view.certificateDays = reader.double("certificate_days", in: root).flatMap { abs($0) < 1e6 ? $0 : nil }
        if let phases = reader.object("phases", in: root) {
            for phase in ProbeView.Phase.allCases { view.phases[phase] = amount(phase.rawValue, phases, &reader) }
        }
        view.malformedFields = reader.malformedFields
        return .probe(view)
    }

    /// Seconds, as far as they are a length of time.
    private static func amount(_ key: String, _ object: JSONObject, _ reader: inout ObjectReader) -> Double? {
        reader.double(key, in: object).flatMap { $0 >= 0 && $0 < 1e6 ? $0 : nil }
    }
}
