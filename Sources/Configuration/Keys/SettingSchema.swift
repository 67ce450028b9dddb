import Model
import Settings

/// The JSON Schema of `mozaiks-ops.yaml` (draft 2020-12), made of the declarations: what editors complete and check by.
/// It says less than the program checks where a schema cannot say it: that a zone exists, that a route's channel does.
public enum SettingSchema {
    private typealias Members = [(key: String, value: JSON)]

    public static var document: JSON {
        let span: Members = [
            ("type", "string"), ("pattern", "^([0-9]+(\\.[0-9]+)?(ms|s|m|h|d))+$"), ("description", "a length of time: 30s, 5m, 1h30m"),
        ]
        let pace: Members = [("type", "string"), ("pattern", "^[0-9]+ in "), ("description", "such as 30 in 1m")]
        let definitions: Members = [("span", object(span)), ("pace", object(pace)), ("auth", object(body(AuthenticationKeys.section)))]
        let head: Members = [
            ("$schema", "https://json-schema.org/draft/2020-12/schema"), ("$id", "mozaiks.ops/config"), ("title", "mozaiks-ops.yaml"),
        ]
        return object(head + body(Keys.section) + [("$defs", object(definitions))])
    }

    private static func object(_ members: Members) -> JSON { .object(JSONObject(members)) }

    private static func body(_ section: SettingSection) -> Members {
        var properties: Members = []
        for key in section.keys { properties += self.properties(key) }
        var body: Members = [("type", "object"), ("properties", object(properties)), ("additionalProperties", false)]
        // Of a secret one name of four is there.
        let required = section.keys.filter { if case .secret = $0.kind { false } else { $0.isRequired } }
        if !required.isEmpty { body.append(("required", .array(required.map { .string($0.name) }))) }
        if !section.isOneOf.isEmpty {
            body.append(("oneOf", .array(section.isOneOf.map { object([("required", .array([.string($0)]))]) })))
        }
        return body
    }

    private static func properties(_ key: SettingKey) -> Members {
        if case .secret = key.kind {
            return SecretReader.forms.map { form in
                (key.name + form.suffix, object([("type", "string"), ("description", .string("\(key.help): \(form.help)"))]))
            }
        }
        let help = key.fallback.map { "\(key.help) (default: \($0))" } ?? key.help
        return [(key.name, object(value(key.kind) + [("description", .string(help))]))]
    }

    private static func value(_ kind: SettingKind) -> Members {
        switch kind {
        // What YAML takes for a number is text all the same.
        case .text: return [("type", ["string", "number", "boolean"])]
        case .choice(let names):
            return names.count == 1 ? [("const", .string(names[0]))] : [("enum", .array(names.map { .string($0) }))]
        case .flag: return [("type", "boolean")]
        case .whole(let range):
            return [("type", "integer"), ("minimum", .int(Int64(range.lowerBound))), ("maximum", .int(Int64(range.upperBound)))]
        case .span: return [("$ref", "#/$defs/span")]
        case .percent: return [("type", "string"), ("pattern", "^[0-9.]+%$")]
        case .bytes: return [("type", "string"), ("pattern", "^[0-9.]+ *(B|kB|MB|GB|KiB|MiB|GiB)$")]
        case .dollars: return [("type", ["number", "string"])]
        case .price: return [("type", "string"), ("pattern", "^[0-9.]+ +USD/M$")]
        case .pace: return [("$ref", "#/$defs/pace")]
        case .secret, .address, .url, .path: return [("type", "string")]
        case .list(let item):
            return [("anyOf", .array([object([("type", "array"), ("items", object(value(item)))]), object(value(item))]))]
        case .section(let section):
            let isLogin = section.keys.map(\.name) == AuthenticationKeys.section.keys.map(\.name)
            return isLogin ? [("$ref", "#/$defs/auth")] : body(section)
        case .named(SettingKind.name, let item):
            let names = object([("^[A-Za-z0-9._-]{1,64}$", object(value(item)))])
            return [("type", "object"), ("patternProperties", names), ("additionalProperties", false)]
        case .named(_, let item): return [("type", "object"), ("additionalProperties", object(value(item)))]
        case .word(let word, let other): return [("anyOf", .array([object([("const", .string(word))]), object(value(other))]))]
        }
    }
}
