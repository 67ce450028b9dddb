import Ambient
import Model
import YAML

extension ConfigurationReader {
    /// Where a mapping stands.
    func origin(_ fields: Fields) -> SettingOrigin {
        .file(Origin(file: reporter.source.file, line: fields.place.line))
    }

    func origin(_ node: YAMLNode) -> SettingOrigin {
        .file(Origin(file: reporter.source.file, line: node.start.line))
    }

    func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 64
            && name.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                    || [45, 46, 95].contains(byte)
            }
    }

    /// Text with `${NAME}` replaced from the environment; `$${` stands for `${`.
    func text(_ node: YAMLNode, _ what: String) -> String? {
        guard let raw = reporter.string(node, what) else { return nil }
        var out = ""
        var rest = raw[...]
        while let dollar = rest.range(of: "${") {
            let before = rest[..<dollar.lowerBound]
            if before.hasSuffix("$") {
                out += before.dropLast() + "${"
                rest = rest[dollar.upperBound...]
                continue
            }
            guard let end = rest[dollar.upperBound...].firstIndex(of: "}") else { break }
            let written = String(rest[dollar.upperBound..<end])
            // As shells have it: `${NAME:-text}` where it is not set or empty, `${NAME-text}` where it is not set.
            let (name, fallback) = ConfigurationReader.parts(ofVariable: written)
            var given = environment[name]
            if let fallback, given == nil || given?.isEmpty == true && fallback.isOfEmpty { given = fallback.text }
            guard let value = given else {
                let offset = raw.utf8.distance(from: raw.startIndex, to: dollar.lowerBound)
                reporter.report(
                    "environment", "the environment variable '\(name)' is not set", in: node, valueOffset: offset,
                    length: written.unicodeScalars.count + 3, hint: Nearest.hint(to: name, among: environment.names))
                return nil
            }
            out += before + value
            rest = rest[rest.index(after: end)...]
        }
        if let name = ConfigurationReader.bareVariable(in: raw) {
            reporter.report(
                "environment", "'$\(name)' is not replaced: it stands there as it is written", at: node, hint: "write '${\(name)}'",
                severity: .warning)
        }
        return out + rest
    }

    /// The name of a variable, and what holds without it.
    static func parts(ofVariable written: String) -> (name: String, fallback: (text: String, isOfEmpty: Bool)?) {
        let name = written.prefix { $0 == "_" || $0.isASCII && ($0.isLetter || $0.isNumber) }
        let rest = written.dropFirst(name.count)
        if rest.hasPrefix(":-") { return (String(name), (String(rest.dropFirst(2)), true)) }
        if rest.hasPrefix("-") { return (String(name), (String(rest.dropFirst()), false)) }
        return (written, nil)
    }

    /// The first `$NAME` of a text that is no `${NAME}`, in capitals as variables are; nil when there is none.
    static func bareVariable(in text: String) -> String? {
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
    static func shown(percent: Double) -> String {
        percent == percent.rounded() ? "\(Int(percent))" : "\(percent)"
    }

    /// A path; a relative one begins at the configuration's folder.
    func path(_ node: YAMLNode, _ what: String) -> String? {
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
        return absolute(text)
    }

    func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let slash = reporter.source.file.lastIndex(of: "/") else { return path }
        return reporter.source.file[...slash] + path
    }

    func span(_ node: YAMLNode, _ what: String, _ range: ClosedRange<TimeSpan>) -> TimeSpan? {
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
    /// - Parameter hasAuth: whether `auth:` may stand beside it.
    func url(_ node: YAMLNode, _ what: String, hasAuth: Bool = false) -> String? {
        guard let text = text(node, what).map(BaseURL.trimmed) else { return nil }
        if let fault = BaseURL.fault(text) {
            let hint = fault.isCredential && !hasAuth ? "leave them out; what this service wants has a key of its own" : fault.hint
            reporter.report("url", "\(what): \(fault.message)", at: node, hint: hint)
            return nil
        }
        return text
    }

    func listen(_ node: YAMLNode, _ what: String) -> ListenAddress? {
        guard let text = text(node, "'listen'") else { return nil }
        guard let address = ListenAddress(text) else {
            let isStar = text.hasPrefix("*") || text.hasPrefix(":")
            reporter.report(
                "type", "'listen' must be an address and a port", at: node,
                hint: isStar ? "write 0.0.0.0:PORT or [::]:PORT for all addresses, 127.0.0.1:PORT for this machine" : "such as 127.0.0.1:9465")
            return nil
        }
        if !address.isLoopback {
            reporter.report(
                "listen", "\(what) can be reached from other machines and asks nobody who they are", at: node,
                hint: "listen on 127.0.0.1, or let a firewall or proxy stand before it", severity: .warning)
        }
        return address
    }
}

/// Base URLs of runtimes.
enum BaseURL {
    struct Fault {
        let message: String
        let hint: String?
        let isCredential: Bool

        init(_ message: String, _ hint: String? = nil, isCredential: Bool = false) {
            self.message = message
            self.hint = hint
            self.isCredential = isCredential
        }
    }

    static func fault(_ text: String) -> Fault? {
        let lower = text.lowercased()
        if let first = text.first, let last = text.last, quotes.contains(first) || quotes.contains(last) {
            return Fault("there are quotes around the URL", "they have become a part of it: leave them out")
        }
        guard lower.hasPrefix("http://") || lower.hasPrefix("https://") else {
            return Fault("this is not an http or https URL", "such as http://127.0.0.1:8000")
        }
        let rest = text.dropFirst(lower.hasPrefix("https") ? 8 : 7)
        let host = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if host.contains("@" as Character) { 
            return Fault("credentials do not stand in a URL", "use 'auth:', such as auth: {basic: {user: ops, password_file: …}}", isCredential: true)
         }
        if host.isEmpty || host.hasPrefix(":") { return Fault("the URL has no host", nil) }
        // After an address in brackets, whose own colons are none of a port.
        let afterName = host.lastIndex(of: "]").map { host[host.index(after: $0)...] } ?? host
        if let colon = afterName.firstIndex(of: ":") {
            let port = afterName[afterName.index(after: colon)...]
            // `Int` would take a sign.
            guard port.utf8.allSatisfy({ (48...57).contains($0) }), UInt16(port).map({ $0 > 0 }) == true else {
                return Fault("the URL's port is not one", "a number from 1 to 65535")
            }
        }
        if rest.contains("?" as Character) || rest.contains("#" as Character) {
            return Fault("a base URL has no query and no fragment")
        }
        guard text.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            return Fault("the URL has characters that must be encoded")
        }
        return nil
    }

    /// What a shell or an env file keeps, and what a text editor or chat makes of it.
    private static let quotes: Set<Character> = ["\"", "'", "`", "“", "”", "„", "‘", "’", "«", "»"]

    /// Without what env files, editors and clipboards leave around it, which nobody sees: blanks, line ends, a byte order
    /// mark, zero-width marks; and without slashes at the end. Every URL goes through here before it is judged.
    static func trimmed(_ text: String) -> String {
        var text = SecretSource.trim(text)
        while text.hasSuffix("/"), !text.hasSuffix("://") { text.removeLast() }
        return text
    }
}

/// Amounts with a unit.
enum Amounts {
    /// `2%`.
    static func percent(_ node: YAMLNode, _ what: String, _ range: ClosedRange<Double>, _ reporter: Reporter) -> Double?
    {
        guard let text = node.text, text.hasSuffix("%"), let value = Double(text.dropLast()), value.isFinite else {
            reporter.report("type", "'\(what)' must be a percentage", at: node, hint: "such as 2%")
            return nil
        }
        guard range.contains(value) else {
            reporter.report(
                "range", "'\(what)' must be between \(number(range.lowerBound))% and \(number(range.upperBound))%",
                at: node)
            return nil
        }
        return value
    }

    /// `128 MB`; at least 64 kB and at most 4 GB.
    static func bytes(_ node: YAMLNode, _ what: String, _ reporter: Reporter) -> Int? {
        let units = ["B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 1_024, "MiB": 1_048_576, "GiB": 1_073_741_824]
        let text = node.text ?? ""
        let digits = text.prefix { $0.isNumber || $0 == "." }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        guard let value = Double(digits), let factor = units[String(unit)], value.isFinite else {
            reporter.report("type", "'\(what)' must be a size", at: node, hint: "such as 128 MB")
            return nil
        }
        guard (64_000...4e9).contains(value * factor) else {
            reporter.report("range", "'\(what)' must be between 64 kB and 4 GB", at: node)
            return nil
        }
        return Int(value * factor)
    }

    /// `0.15 USD/M`: USD for a million tokens.
    static func price(_ node: YAMLNode, _ reporter: Reporter) -> Double? {
        let words = (node.text ?? "").split(separator: " ")
        guard words.count == 2, words[1] == "USD/M", let value = Double(words[0]), value.isFinite, value >= 0 else {
            reporter.report("type", "a price is in USD for a million tokens", at: node, hint: "such as 0.15 USD/M")
            return nil
        }
        return value
    }

    static func number(_ value: Double) -> String {
        value == value.rounded() ? String(Int(value)) : String(value)
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
