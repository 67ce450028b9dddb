import HTTP
import JSONParsing
import Model

/// From an observation to what it says. Live polls and tapes go through the same function; it never fails, because an
/// answer that cannot be read is evidence too.
public enum Decoder {
    public static func decode(_ observation: Observation) -> Decoded {
        switch observation.outcome {
        case .failure(let failure, let detail):
            .missing(observation.endpoint, reason(of: failure), detail: PlainText.bounded(detail))
        case .answer(let answer):
            decode(answer, of: observation.endpoint)
        }
    }

    /// The same for an answer alone.
    public static func decode(_ answer: Observation.Answer, of endpoint: Endpoint) -> Decoded {
        switch answer.status {
        case 200:
            do {
                if endpoint == .metrics { return .metrics(try page(answer)) }
                return try values(of: answer.body, endpoint)
            } catch {
                let why = answer.compression.map {
                    "the answer is compressed (\($0)), which was not asked for: does a proxy in between do that?"
                }
                return .missing(endpoint, .malformed, detail: (why ?? error.description) + doubt(answer))
            }
        case 300...399:
            let target = answer.location.map { " to \(PlainText.bounded($0))" } ?? ""
            return .missing(
                endpoint, .error(status: UInt16(answer.status)),
                detail: "a redirect\(target), which is not followed: write the address that answers under "
                    + (endpoint == .metrics ? "'metrics'" : "'replicas'") + doubt(answer))
        case 400...499 where answer.status != 401 && answer.status != 403 && setupFault(answer) != nil:
            return .missing(
                endpoint, .error(status: UInt16(answer.status)),
                detail: (setupFault(answer)?.hint ?? "status \(answer.status)") + doubt(answer))
        case 401, 403:
            // What it says of a login that was never sent says nothing.
            let said =
                answer.remarks.lacking.map { "no login was sent: \(PlainText.bounded($0, limit: 400))" }
                ?? detail(of: answer) ?? "status \(answer.status)"
            return .missing(endpoint, .unauthorized, detail: said + doubt(answer) + (answer.remarks.hint.map { "; \($0)" } ?? ""))
        case 500...599 where endpoint == .health:
            // The runtime's own failure is a 500 with a detail. A proxy in front of it that cannot reach it says 502,
            // 503 or 504 with a page of its own: that is no statement of the runtime.
            let detail = jsonDetail(of: answer)
            if answer.status == 500 || detail != nil {
                return .health(Health(isHealthy: false, detail: detail ?? text(of: answer)))
            }
            let doubt = doubt(answer)
            return .missing(
                endpoint, .error(status: UInt16(answer.status)),
                detail: (text(of: answer) ?? (doubt.isEmpty ? "" : "status \(answer.status)")) + doubt)
        default:
            let status = UInt16(clamping: answer.status)
            return .missing(endpoint, .error(status: status), detail: (detail(of: answer) ?? "status \(answer.status)") + doubt(answer))
        }
    }

    private static func setupFault(_ answer: Observation.Answer) -> SetupFault? {
        let head = answer.body.storage.withBytes { Array($0.prefix(4_096)) }
        return SetupFault(status: answer.status, body: String(decoding: head, as: UTF8.self))
    }

    private static func values(of body: Body, _ endpoint: Endpoint) throws(MalformedBody) -> Decoded {
        switch endpoint {
        case .health: return .health(try HealthDecoder.decode(body))
        case .activeRuns: return .activeRuns(try ActiveRunsDecoder.decode(body))
        case .events: return .events(try EventMetricsDecoder.decode(body))
        case .gate: return .gate(try GateCountsDecoder.decode(body))
        case .targets: return .targets(try TargetListDecoder.decode(body))
        case .inside: return .inside(try InsideViewDecoder.decode(body))
        // Which of its two forms it has, the answer's head says.
        case .metrics: throw MalformedBody("a page of metrics without its head")
        case .host: return .host(try HostDecoder.decode(body))
        case .probe: return try ProbeDecoder.decode(body)
        case .perf, .perfChats:
            // An empty array where totals should be is another server, not a runtime without chats.
            if body.firstByte == UInt8(ascii: "["), endpoint == .perf { throw MalformedBody("an array instead of an object") }
            return .perf(try PerfDecoder.decode(body))
        }
    }

    private static func page(_ answer: Observation.Answer) throws(MalformedBody) -> MetricsPage {
        guard let dialect = Exposition.dialect(answer.contentType) else {
            throw MalformedBody("no page of metrics but \(PlainText.bounded(answer.contentType ?? "", limit: 100))")
        }
        let read = answer.body.storage.withBytes { bytes -> Result<MetricsPage, ExpositionFault> in
            do throws(ExpositionFault) { return .success(try Exposition.read(UnsafeRawBufferPointer(bytes), dialect)) } catch {
                return .failure(error)
            }
        }
        switch read {
        case .success(let page): return page
        case .failure(let fault): throw MalformedBody("\(fault)")
        }
    }

    /// Looks at every field that is read of an answer. False: there is nothing to look at.
    static func look(_ body: JSON, _ endpoint: Endpoint, _ tally: inout FieldSurvey.Tally) -> Bool {
        let root = body.object
        switch endpoint {
        case .health:
            tally.look(root, ["mongodb_ping_ms": .amount, "health_check_time_ms": .amount, "active_connections": .object])
            tally.look(root?["active_connections"]?.object, ["websocket_connections": .count])
        case .activeRuns: tally.look(root, ["active_count": .count, "total_runs": .count, "runs": .array, "note": .text])
        case .events:
            let data = root?["data"]?.object
            tally.look(data, ["created": .moment, "timestamp": .moment, "custom_events_by_type": .object], prefix: "data.")
            tally.look(data?["custom_events_by_type"]?.object, ["chat.usage_delta": .count])
        case .inside:
            tally.look(root, ["tasks": .count, "runs": .count, "apps": .array, "apps_omitted": .count, "loop": .object])
            let loop = root?["loop"]?.object
            if loop?["lag_max_s"]?.isNull == false { tally.look(loop, ["lag_max_s": .amount], prefix: "loop.") }
        case .perf, .perfChats:
            tally.look(root, totals)
            for chat in body.array ?? root?["chats"]?.array ?? [] {
                guard let chat = chat.object else {
                    tally.add("chats", "an element that is no object")
                    continue
                }
                tally.look(chat, chatFields)
                for id in ["chat_id", "app_id"] where chat[id] == nil { tally.add(id, "missing: the chat is left out") }
            }
        // Documents of our own, and pages that are no JSON.
        case .gate, .targets, .host, .probe, .metrics: return false
        }
        return true
    }

    private static let totals: KeyValuePairs<String, FieldSurvey.Kind> = [
        "active_chats": .count, "tracked_chats": .count, "total_agent_turns": .count, "total_tool_calls": .count, "total_errors": .count,
        "total_prompt_tokens": .count, "total_completion_tokens": .count, "total_cost": .amount,
    ]
    private static let chatFields: KeyValuePairs<String, FieldSurvey.Kind> = [
        "chat_id": .text, "app_id": .text, "workflow_name": .text, "user_id": .text, "started_at": .moment, "ended_at": .momentOrNull,
        "runtime_sec": .amount, "agent_turns": .count, "tool_calls": .count, "errors": .count, "last_turn_duration_sec": .amountOrNull,
        "prompt_tokens": .count, "completion_tokens": .count, "cost": .amount,
    ]

    private static func reason(of failure: TransportFailure) -> MissingReason {
        switch failure {
        // It answered, but what came is not a whole body.
        case .truncated, .tooLarge: .malformed
        // We broke it off ourselves: that says nothing about the runtime.
        case .cancelled: .stale
        // Bytes that are not HTTP are no answer of a runtime: something else listens there.
        case .unresolvable, .refused, .unreachable, .timeout, .tls, .malformed, .other: .unreachable
        }
    }

    /// What the answer says for itself: its `detail`, or its plain text.
    private static func detail(of answer: Observation.Answer) -> String? {
        jsonDetail(of: answer) ?? text(of: answer)
    }

    /// Whose words these may be: a runtime's own have a `detail`, a proxy's have not.
    private static func doubt(_ answer: Observation.Answer) -> String {
        answer.remarks.proxy == nil || jsonDetail(of: answer) != nil ? "" : answer.remarks.byProxy
    }

    private static func jsonDetail(of answer: Observation.Answer) -> String? {
        guard answer.body.count <= 1 << 16, let object = try? ObjectReader(answer.body),
            let detail = object.root["detail"]?.string
        else { return nil }
        return PlainText.bounded(detail)
    }

    private static func text(of answer: Observation.Answer) -> String? {
        guard answer.contentType?.hasPrefix("text/plain") == true, answer.body.count > 0 else { return nil }
        let head = answer.body.storage.withBytes { Array($0.prefix(2_048)) }
        return PlainText.bounded(String(decoding: head, as: UTF8.self))
    }
}

extension Body {
    /// The first byte that is no white space of JSON.
    fileprivate var firstByte: UInt8? {
        storage.withBytes { bytes in bytes.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 } }
    }
}

/// A 200 whose body cannot be read.
public struct MalformedBody: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong and where; holds nothing of the body.
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}

/// Text from outside, made fit for a log line or a message.
enum PlainText {
    /// At most `limit` scalars, without control characters and without those that reorder or break lines.
    static func bounded(_ text: String, limit: Int = 300) -> String {
        var kept = String.UnicodeScalarView()
        var count = 0
        for scalar in text.unicodeScalars {
            if count == limit {
                kept.append("…")
                break
            }
            if Shown.isInvisible(scalar) {
                guard scalar.properties.isWhitespace, kept.last != " " else { continue }
                kept.append(" ")
            } else {
                kept.append(scalar)
            }
            count += 1
        }
        return String(kept)
    }
}
