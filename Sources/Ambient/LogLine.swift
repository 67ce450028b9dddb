import Model

/// One log line before it is bytes.
struct LogLine {
    let time: Timestamp?
    let level: Logger.Level
    let message: String
    let fields: Logger.Fields

    /// The whole line with its line end.
    func bytes(_ format: Logger.Format, priority: Bool) -> [UInt8] {
        let line =
            switch format {
            case .logfmt: logfmt()
            case .json: json()
            case .gcp: gcp()
            }
        return (priority ? Array(level.priority.utf8) : []) + line
    }

    /// `time=2026-11-21T09:00:00.000Z level=info msg="polled" runtime=shared`
    func logfmt() -> [UInt8] {
        var line = ""
        if let time { line += "time=\(time) " }
        line += "level=\(level.name) msg="
        Self.append(message, to: &line)
        for (key, value) in fields {
            line += " "
            line += Self.key(key)
            line += "="
            switch value {
            case .text(let text): Self.append(text, to: &line)
            case .integer(let number): line += String(number)
            case .number(let number): line += "\(number)"
            case .flag(let flag): line += flag ? "true" : "false"
            }
        }
        line += "\n"
        return Array(line.utf8)
    }

    /// The same as one JSON object.
    func json() -> [UInt8] {
        var members: [(key: String, value: JSON)] = []
        if let time { members.append(("time", .string(time.description))) }
        members.append(("level", .string(level.name)))
        members.append(("msg", .string(message)))
        for (key, value) in fields { members.append((Self.key(key), Self.json(value))) }
        return Self.line(members)
    }

    /// What a line is found by there: text fields of these names become labels.
    private static let labels: Set = ["runtime", "app", "incident", "rule", "severity", "channel"]
    /// What Cloud Logging takes out of a line and gives a meaning of its own.
    private static let special: Set = [
        "severity", "message", "time", "timestamp", "timestampSeconds", "timestampNanos", "httpRequest", "labels",
    ]

    /// One JSON object as Cloud Logging reads it: `severity`, `message` and `time` become the entry's own, labels its labels,
    /// everything else its payload.
    func gcp() -> [UInt8] {
        var members: [(key: String, value: JSON)] = [("severity", .string(level.cloudSeverity)), ("message", .string(message))]
        if let time { members.append(("time", .string(time.description))) }
        var labels: [(key: String, value: JSON)] = []
        for (key, value) in fields {
            let key = Self.key(key)
            if case .text(let text) = value, Self.labels.contains(key) {
                // What is not known is no label.
                if text != "-" { labels.append((key, .string(text))) }
            } else {
                members.append((Self.special.contains(key) || key.hasPrefix("logging.googleapis.com") ? key + "_" : key, Self.json(value)))
            }
        }
        if !labels.isEmpty { members.append(("logging.googleapis.com/labels", .object(JSONObject(labels)))) }
        return Self.line(members)
    }

    private static func json(_ value: LogValue) -> JSON {
        switch value {
        case .text(let text): .string(text)
        case .integer(let number): .int(number)
        case .number(let number): .figure(number)
        case .flag(let flag): .bool(flag)
        }
    }

    private static func line(_ members: [(key: String, value: JSON)]) -> [UInt8] {
        Array((Shown.json(JSON.object(JSONObject(members)).serialized()) + "\n").utf8)
    }

    /// A key has no place for spaces, quotes, equal signs and what is not ASCII: each of them becomes `_`, so that the
    /// field keeps its name.
    private static func key(_ key: String) -> String {
        guard !key.isEmpty else { return "unnamed" }
        return String(
            String.UnicodeScalarView(
                key.unicodeScalars.map {
                    $0.value > 0x20 && $0.value < 0x7F && $0 != "=" && $0 != "\"" ? $0 : "_"
                }))
    }

    /// Quoted unless it is plain. Control characters are escaped, so that text from outside can neither start a
    /// line of its own nor steer a terminal.
    private static func append(_ text: String, to line: inout String) {
        let isPlain =
            !text.isEmpty
            && text.unicodeScalars.allSatisfy { scalar in
                scalar.value > 0x20 && scalar.value < 0x7F && scalar != "\"" && scalar != "=" && scalar != "\\"
            }
        guard !isPlain else {
            line += text
            return
        }
        line += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": line += "\\\""
            case "\\": line += "\\\\"
            case "\n": line += "\\n"
            case "\r": line += "\\r"
            case "\t": line += "\\t"
            case _ where Shown.isInvisible(scalar):
                // As JSON writes it, in halves beyond the first plane.
                for unit in UTF16.encode(scalar) ?? .init() {
                    line += Hex.escape(unit)
                }
            default: line.unicodeScalars.append(scalar)
            }
        }
        line += "\""
    }
}

extension Logger.Level {
    /// As Cloud Logging calls it (LogSeverity).
    fileprivate var cloudSeverity: String {
        switch self {
        case .debug: "DEBUG"
        case .info: "INFO"
        case .warning: "WARNING"
        case .error: "ERROR"
        }
    }
}
