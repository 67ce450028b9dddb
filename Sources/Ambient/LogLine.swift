import Model

/// One log line before it is bytes.
struct LogLine {
    let time: Timestamp?
    let level: Logger.Level
    let message: String
    let fields: Logger.Fields

    /// The whole line with its line end.
    func bytes(_ format: Logger.Format, priority: Bool) -> [UInt8] {
        (priority ? Array(level.priority.utf8) : []) + (format == .json ? json() : logfmt())
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
        for (key, value) in fields {
            let key = Self.key(key)
            switch value {
            case .text(let text): members.append((key, .string(text)))
            case .integer(let number): members.append((key, .int(number)))
            case .number(let number): members.append((key, .figure(number)))
            case .flag(let flag): members.append((key, .bool(flag)))
            }
        }
        return Array((Shown.json(JSON.object(JSONObject(members)).serialized()) + "\n").utf8)
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
