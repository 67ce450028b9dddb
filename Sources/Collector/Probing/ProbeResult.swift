import HTTP
import Model

/// What one look at a service came to.
struct ProbeResult: Sendable {
    enum Standing: Sendable, Equatable {
        case up
        case down(Fault, String)
        /// It could not be looked at, which says nothing about it.
        case unknown(MissingReason, String)
    }

    /// Why a service is not up: a word that stays the same, for documents.
    enum Fault: String, Sendable, Hashable, CaseIterable {
        case unresolvable, refused, unreachable, timeout, tls, certificate
        /// It ended the connection before an answer.
        case closed
        /// What answers there speaks something else, or says what cannot be understood.
        case foreign
        case tooLarge = "too_large"
        /// An answer by HTTP that is not the expected one.
        case status, header, body, json, redirect
        /// It is there, and says that it does not serve yet, or no more.
        case notReady = "not_ready"
        /// It is there and takes no more connections.
        case full
        /// It is there and refuses.
        case rejected
        /// It is there and is not what it should be: a secondary in the place of a primary.
        case role
        /// The name has no such record.
        case noRecord = "no_record"
    }

    var standing: Standing
    var phases = PhaseTimes()
    /// Seconds from the beginning to the last byte; nil where there was no answer.
    var latency: Double?
    var status: Int?
    /// When the first certificate of the chain that was shown expires.
    var certificateEnd: Timestamp?
    /// What else it said of itself: `role`, `wire_version`.
    var seen: [(key: String, value: JSON)] = []

    init(_ standing: Standing) {
        self.standing = standing
    }

    static func down(_ fault: Fault, _ text: String) -> ProbeResult { ProbeResult(.down(fault, text)) }
    static func unknown(_ reason: MissingReason, _ text: String) -> ProbeResult { ProbeResult(.unknown(reason, text)) }

    /// Of an exchange that came to nothing.
    init(_ error: HTTPError) {
        let text = error.explanation
        standing =
            switch error.kind {
            // We broke it off, or did not come to it: the next look will tell.
            case .cancelled, .closed, .overloaded, .noRoom, .timeout(.queued, _), .other: .unknown(.stale, text)
            case _ where error.isOurs: .unknown(.notTracked, text)
            case .unresolvable: .down(.unresolvable, text)
            case .refused: .down(.refused, text)
            case .unreachable, .proxy: .down(.unreachable, text)
            case .timeout: .down(.timeout, text)
            case .tls: .down(error.isAboutTheirCertificate ? .certificate : .tls, text)
            case .truncated, .connectionLost: .down(.closed, text)
            case .bodyTooLarge: .down(.tooLarge, text + ", more than is read of any service: name a shorter page")
            case .malformedResponse, .invalidURL, .invalidRequest: .down(.foreign, text)
            }
    }

    /// As it goes into an observation and onto tapes.
    /// - Parameters:
    ///   - place: what was looked at.
    ///   - now: when.
    func document(of place: String, at now: Timestamp) -> JSON {
        var root = JSONObject()
        switch standing {
        case .up: root.append("up", 1)
        case .down(let fault, let text):
            root.append("up", 0)
            root.append("why", .string(fault.rawValue))
            root.append("detail", .string(PlainText.bounded(text)))
        case .unknown(let reason, let text):
            root.append("missing", ["reason": .string(reason.name), "detail": .string(PlainText.bounded(text))])
        }
        root.append("checked", .string(PlainText.bounded(place)))
        if let latency { root.append("latency_s", .figure(latency)) }
        if let status { root.append("status", .int(Int64(status))) }
        if let certificateEnd {
            let days = Double((certificateEnd - now).milliseconds) / 86_400_000
            // A hundredth of a day is more than anybody acts on; never more than is left.
            root.append("certificate_days", .figure((days * 100).rounded(.down) / 100))
        }
        let parts = phases.named.map { (key: $0.name, value: JSON.figure($0.seconds)) }
        if !parts.isEmpty { root.append("phases", .object(JSONObject(parts))) }
        if !seen.isEmpty { root.append("seen", .object(JSONObject(seen))) }
        return .object(root)
    }
}
