import Collector
import Model
import Settings
import YAML

/// Reads what an answer by HTTP must be.
struct ExpectationReader {
    let reader: SettingReader
    private var reporter: Reporter { reader.reporter }

    func read(_ fields: Fields) -> HTTPExpectation {
        var expected = HTTPExpectation()
        guard let inner = fields.section(ServiceKeys.expect) else { return expected }
        expected.statuses = items(inner, ExpectKeys.status) { node in
            guard let text = reporter.string(node, "'status'") else { return nil }
            if let status = HTTPExpectation.Status(text) { return status }
            reporter.report("value", "'\(Shown.id(text))' is no status", at: node, hint: "such as 204, or 2xx for all that begin with 2")
            return nil
        }
        expected.body = items(inner, ExpectKeys.body) { text($0, "'body'") }
        expected.notBody = items(inner, ExpectKeys.notBody) { text($0, "'not_body'") }
        for entry in inner.section(ExpectKeys.json)?.all() ?? [] {
            guard let value = value(entry.value) else { continue }
            if let member = HTTPExpectation.Member(path: entry.name, value: value) {
                expected.json.append(member)
            } else {
                reporter.report(
                    "value", "'\(Shown.id(entry.name))' is no path", at: entry.key, hint: "keys with dots between: data.items.0.state")
            }
        }
        for entry in inner.section(ExpectKeys.header)?.all() ?? [] {
            if let value = reader.text(entry.value, "a header") { expected.headers.append((entry.name, value)) }
        }
        inner.finish()
        return expected
    }

    private func items<Item>(_ fields: Fields, _ key: SettingKey, _ read: (YAMLNode) -> Item?) -> [Item] {
        fields.node(key).flatMap { reporter.list($0, "'\(key.name)'") }?.compactMap(read) ?? []
    }

    /// Something to look for: an empty text stands everywhere.
    private func text(_ node: YAMLNode, _ what: String) -> String? {
        guard let text = reader.text(node, what) else { return nil }
        if !text.isEmpty { return text }
        reporter.report("value", "\(what) is empty", at: node)
        return nil
    }

    /// What YAML has for it: a number, true, false or null where it stands without quotes, else a text.
    private func value(_ node: YAMLNode) -> JSON? {
        if node.isNull { return .null }
        guard let text = reader.text(node, "a value of 'json'") else { return nil }
        guard node.isPlain else { return .string(text) }
        if text == "true" || text == "false" { return .bool(text == "true") }
        if let number = Int64(text) { return .int(number) }
        let isNumber = text.utf8.allSatisfy { (48...57).contains($0) || "+-.eE".utf8.contains($0) }
        if isNumber, let number = Double(text), number.isFinite { return .double(number) }
        return .string(text)
    }
}

extension HTTPExpectation {
    /// For `config show`.
    var shown: [(key: String, value: String)] {
        var all: [(key: String, value: String)] = []
        func list(_ key: SettingKey, _ values: [String]) {
            if !values.isEmpty { all.append((key.name, values.count == 1 ? values[0] : "[\(values.joined(separator: ", "))]")) }
        }
        list(ExpectKeys.status, statuses.map(\.description))
        list(ExpectKeys.body, body)
        list(ExpectKeys.notBody, notBody)
        for member in json { all.append(("json.\(member.path.joined(separator: "."))", member.value.serialized())) }
        for header in headers { all.append(("header.\(header.name)", header.value)) }
        return all
    }
}
