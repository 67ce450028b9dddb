import Ambient
import Model
import YAML

/// Reads the values of a file of settings, each as its key was declared. What is wrong is reported, with its place; the default
/// stays in its place.
public struct SettingReader {
    public let reporter: Reporter
    /// What `${NAME}` is replaced from.
    public let environment: Environment

    public init(reporter: Reporter, environment: Environment) {
        self.reporter = reporter
        self.environment = environment
    }

    /// Where a mapping stands.
    public func origin(_ fields: Fields) -> SettingOrigin {
        .file(Origin(file: reporter.source.file, line: fields.place.line))
    }

    public func origin(_ node: YAMLNode) -> SettingOrigin {
        .file(Origin(file: reporter.source.file, line: node.start.line))
    }

    public func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 64
            && name.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                    || [45, 46, 95].contains(byte)
            }
    }

    /// Text with `${NAME}` replaced from the environment; `$${` stands for `${`.
    public func text(_ node: YAMLNode, _ what: String) -> String? {
        guard let raw = reporter.string(node, what) else { return nil }
        guard let out = replaced(raw[...], of: raw, node) else { return nil }
        if let name = SettingReader.bareVariable(in: raw) {
            reporter.report(
                "environment", "'$\(name)' is not replaced: it stands there as it is written", at: node, hint: "write '${\(name)}'",
                severity: .warning)
        } else if let template = SettingReader.template(in: raw) {
            reporter.report(
                "environment", "'\(template)' is not replaced: it stands there as it is written", at: node,
                hint: "what is replaced here is '${NAME}', by a variable of the environment", severity: .warning)
        }
        return out
    }

    /// A text, or the one that holds without a variable, with its variables replaced.
    private func replaced(_ text: Substring, of raw: String, _ node: YAMLNode) -> String? {
        var out = ""
        var rest = text
        func report(_ message: String, at place: Substring.Index, length: Int, hint: String?) {
            reporter.report(
                "environment", message, in: node, valueOffset: raw.utf8.distance(from: raw.startIndex, to: place), length: length,
                hint: hint)
        }
        while let dollar = rest.range(of: "${") {
            let before = rest[..<dollar.lowerBound]
            if before.hasSuffix("$") {
                out += before.dropLast() + "${"
                rest = rest[dollar.upperBound...]
                continue
            }
            guard let end = SettingReader.end(of: rest[dollar.upperBound...]) else {
                report(
                    "'${' has no '}' behind it", at: dollar.lowerBound, length: 2,
                    hint: "write '${NAME}', or '$${' for the two signs themselves")
                return nil
            }
            let written = String(rest[dollar.upperBound..<end])
            // As shells have it: `${NAME:-text}` where it is not set or empty, `${NAME-text}` where it is not set.
            let (name, fallback) = SettingReader.parts(ofVariable: written)
            var given = environment[name]
            if let fallback, given == nil || given?.isEmpty == true && fallback.isOfEmpty {
                // It may name another variable.
                let behind = rest.index(dollar.upperBound, offsetBy: written.count - fallback.text.count)
                guard let text = replaced(rest[behind..<end], of: raw, node) else { return nil }
                given = text
            }
            let length = written.unicodeScalars.count + 3
            // As shells have it: `${NAME:?why}`.
            let demand = SettingReader.demand(of: written)
            if let demand, environment[demand.name].map({ !($0.isEmpty && demand.isOfEmpty) }) ?? false { given = environment[demand.name] }
            guard let value = given else {
                let missing = demand?.name ?? name
                guard SettingReader.isVariable(missing) else {
                    report(
                        "'${\(written)}' is not understood", at: dollar.lowerBound, length: length,
                        hint: "'${NAME}', '${NAME:-text}' where it is not set or empty, '${NAME:?why}' where it must be")
                    return nil
                }
                let isEmpty = environment[missing] != nil
                report(
                    "the environment variable '\(missing)' is \(isEmpty ? "empty" : "not set")"
                        + (demand.map { $0.why.isEmpty ? "" : ": \($0.why)" } ?? ""),
                    at: dollar.lowerBound, length: length, hint: isEmpty ? nil : Nearest.hint(to: missing, among: environment.names))
                return nil
            }
            out += before + value
            rest = rest[rest.index(after: end)...]
        }
        return out + rest
    }

    /// The bracket that closes a variable, past those of variables within it.
    private static func end(of text: Substring) -> Substring.Index? {
        var (index, depth) = (text.startIndex, 0)
        while index < text.endIndex {
            if text[index...].hasPrefix("${") {
                depth += 1
            } else if text[index] == "}" {
                if depth == 0 { return index }
                depth -= 1
            }
            index = text.index(after: index)
        }
        return nil
    }

    private static func isVariable(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 95 }
    }

    /// `${NAME:?why}`, `${NAME?why}`; nil for anything else.
    private static func demand(of written: String) -> (name: String, why: String, isOfEmpty: Bool)? {
        let name = written.prefix { $0 == "_" || $0.isASCII && ($0.isLetter || $0.isNumber) }
        let rest = written.dropFirst(name.count)
        guard !name.isEmpty else { return nil }
        if rest.hasPrefix(":?") { return (String(name), String(rest.dropFirst(2)), true) }
        return rest.hasPrefix("?") ? (String(name), String(rest.dropFirst()), false) : nil
    }

    /// What other programs would replace, and this one does not: `$(command)`, `%NAME%`, `{{ … }}`; nil when there is none.
    static func template(in text: String) -> String? {
        let bytes = Array(text.utf8)
        for index in bytes.indices {
            let rest = bytes[index...]
            if rest.starts(with: "$(".utf8), rest.contains(UInt8(ascii: ")")) { return "$(…)" }
            if rest.starts(with: "{{".utf8), text.contains(bytesOf: "}}") { return "{{ … }}" }
            guard rest.first == UInt8(ascii: "%") else { continue }
            // Two letters would be a byte of a URL.
            let name = rest.dropFirst().prefix { (65...90).contains($0) || (48...57).contains($0) || $0 == 95 }
            if name.count > 2, name.endIndex < bytes.endIndex, bytes[name.endIndex] == UInt8(ascii: "%"),
                !(48...57).contains(name[name.startIndex])
            {
                return "%\(String(decoding: name, as: UTF8.self))%"
            }
        }
        return nil
    }

    /// The name of a variable, and what holds without it.
    public static func parts(ofVariable written: String) -> (name: String, fallback: (text: String, isOfEmpty: Bool)?) {
        let name = written.prefix { $0 == "_" || $0.isASCII && ($0.isLetter || $0.isNumber) }
        let rest = written.dropFirst(name.count)
        if rest.hasPrefix(":-") { return (String(name), (String(rest.dropFirst(2)), true)) }
        if rest.hasPrefix("-") { return (String(name), (String(rest.dropFirst()), false)) }
        return (written, nil)
    }

    /// The first `$NAME` of a text that is no `${NAME}`, in capitals as variables are; nil when there is none.
    public static func bareVariable(in text: String) -> String? {
        let bytes = Array(text.utf8)
        for index in bytes.indices where bytes[index] == UInt8(ascii: "$") {
            let name = bytes[(index + 1)...].prefix { (65...90).contains($0) || (48...57).contains($0) || $0 == 95 }
            let isDoubled = index > 0 && bytes[index - 1] == UInt8(ascii: "$")
            guard !isDoubled, name.count > 1, let first = name.first, !(48...57).contains(first) else { continue }
            return String(decoding: name, as: UTF8.self)
        }
        return nil
    }

    /// `10`, `0.5`.
    public static func shown(percent: Double) -> String {
        percent == percent.rounded() ? "\(Int(percent))" : "\(percent)"
    }

    /// A path; a relative one begins at the configuration's folder.
    public func path(_ node: YAMLNode, _ what: String) -> String? {
        writtenPath(node, what).map(absolute)
    }

    /// A path as it is written, variables replaced: where a relative one is none.
    public func writtenPath(_ node: YAMLNode, _ what: String) -> String? {
        guard let text = text(node, what) else { return nil }
        guard !text.contains(bytesOf: "://") else {
            // Without the line itself: such a URL may hold a password.
            reporter.adopt([
                Diagnostic(
                    "type", "\(what) is a file or a folder on this machine, and this is a URL", file: reporter.source.file,
                    line: node.start.line, column: node.start.column, hint: "such as /var/lib/mozaiks-ops")
            ])
            return nil
        }
        return text
    }

    public func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let slash = reporter.source.file.lastIndex(of: "/") else { return path }
        return reporter.source.file[...slash] + path
    }

    public func span(_ node: YAMLNode, _ what: String, _ range: ClosedRange<TimeSpan>) -> TimeSpan? {
        guard let text = text(node, "'\(what)'"), let span = TimeSpan(text) else {
            reporter.report(
                "type", "'\(what)' must be a length of time", at: node, hint: node.text.flatMap(SpanSpelling.hint) ?? "such as 10s, 5m")
            return nil
        }
        guard range.contains(span) else {
            let limit = span < range.lowerBound ? "at least \(range.lowerBound)" : "at most \(range.upperBound)"
            reporter.report("range", "'\(what)' must be \(limit)", at: node)
            return nil
        }
        return span
    }

    /// A base URL, without what stands around it unseen and its trailing slash.
    /// - Parameters:
    ///   - hasAuth: whether `auth:` may stand beside it.
    ///   - isReplica: whether it is of a process of a runtime, whose endpoints are known.
    public func url(_ node: YAMLNode, _ what: String, hasAuth: Bool = false, isReplica: Bool = false) -> String? {
        guard let text = text(node, what).map(BaseURL.trimmed) else { return nil }
        if let fault = isReplica ? BaseURL.fault(ofReplica: text) : BaseURL.fault(text) {
            let hint = fault.isCredential && !hasAuth ? "leave them out; what this service wants has a key of its own" : fault.hint
            reporter.report("url", "\(what): \(fault.message)", at: node, hint: hint)
            return nil
        }
        return text
    }

    /// `30 in 1m`.
    public func pace(_ node: YAMLNode, _ what: String) -> Pace? {
        if let text = node.text, let pace = Pace(text), pace.span <= .hours(24), pace.count <= 100_000 { return pace }
        reporter.report("type", "'\(what)' must be a number in a time", at: node, hint: "such as: 30 in 1m")
        return nil
    }

    /// A secret that is an address, and may stand in the file itself: allowed, because not every one is secret; shown no more
    /// than if it were.
    public func address(_ fields: Fields, _ key: SettingKey) -> SecretSource? {
        guard let node = fields.node(key.name), let raw = node.text, BaseURL.trimmed(raw).lowercased().hasPrefix("http") else {
            return secret(fields, key)
        }
        return wholeURL(node, "'url'").map { .literal(Secret($0)) }
    }

    /// A URL with its path and its query. Its slash at the end may mean something to who is asked.
    public func wholeURL(_ node: YAMLNode, _ what: String) -> String? {
        guard let text = text(node, what).map(SecretSource.trim) else { return nil }
        // A query is allowed here, other than in a base URL.
        if let fault = BaseURL.fault(String(text.prefix { $0 != "?" })) {
            reporter.report("url", "\(what): \(fault.message)", at: node.start, hint: fault.hint)
            return nil
        }
        guard text.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            reporter.report("url", "\(what): the URL has characters that must be encoded", at: node.start)
            return nil
        }
        return text
    }
}

extension Substring {
    /// The first place of a text, by bytes.
    fileprivate func range(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].utf8.starts(with: text.utf8) {
                return start..<utf8.index(start, offsetBy: text.utf8.count)
            }
            start = utf8.index(after: start)
        }
        return nil
    }
}
