import Ambient
import Glibc
import Model
import TestKit
import Testing

@testable import Configuration

/// What is declared is what is read, and what the schema and the reference say.
@Suite struct SettingKeyTests {
    /// A mapping within the file, and how one comes there: `["runtimes", "x", "auth"]`.
    struct Place: CustomStringConvertible, Sendable {
        /// `[]` for an item of a list.
        let path: [String]
        let section: SettingSection
        var description: String { path.joined(separator: ".") }

        /// The places at and below a section.
        static func all(_ section: SettingSection, _ path: [String] = []) -> [Place] {
            [Place(path: path, section: section)] + section.keys.flatMap { below($0.kind, path + [$0.name]) }
        }

        private static func below(_ kind: SettingKind, _ path: [String]) -> [Place] {
            switch kind {
            case .section(let section): all(section, path)
            case .named(_, let item): below(item, path + ["x"])
            case .word(_, let other): below(other, path)
            case .list(let item): below(item, path + ["[]"])
            default: []
            }
        }
    }

    static let places = Place.all(Keys.section)

    /// What the program says it knows where a key is that it does not know.
    /// - Parameters:
    ///   - beside: what stands in the mapping too, and what in the one around it.
    private func known(_ place: Place, beside: (inner: String, outer: String) = ("", "")) throws -> Set<String> {
        var text = "{\(beside.inner)zzzzzzzz: 1}"
        for (index, name) in place.path.enumerated().reversed() {
            let outer = index == place.path.count - 1 ? beside.outer : ""
            text = name == "[]" ? "[\(text)]" : "{\(outer)\(name): \(text)}"
        }
        let lines = "schema: mozaiks.ops/config/v1\n" + text.dropFirst().dropLast() + "\n"
        let loader = ConfigurationLoader(ConfigurationFlags(), in: Environment([:]), isRoot: true)
        let errors: ConfigurationErrors
        do throws(ConfigurationErrors) {
            _ = try loader.read(("c.yaml", Array(lines.utf8)))
            return []
        } catch {
            errors = error
        }
        let hints = errors.diagnostics.filter { $0.message.contains("zzzzzzzz") }.compactMap(\.hint)
        let hint = try #require(hints.first { $0.hasPrefix("known: ") }, "\(lines)\(errors.diagnostics)")
        return Set(hint.dropFirst(7).split(separator: ",").map { String($0.drop { $0 == " " }) })
    }

    @Test("each mapping knows the keys that are declared, and no other", arguments: places)
    func declaredIsRead(_ place: Place) throws {
        var declared: Set<String> = []
        for key in place.section.keys {
            if case .secret = key.kind {
                declared.formUnion(SecretReader.forms.map { key.name + $0.suffix })
            } else {
                declared.insert(key.name)
            }
        }
        var known = try known(place)
        // A bot and a webhook are asked for other things, and only mail has a subject.
        if place.path.last == "slack", place.path.first == "channels" {
            try known.formUnion(self.known(place, beside: ("token_file: t, ", "")))
        } else if place.path.last == "template" {
            try known.formUnion(self.known(place, beside: ("", "email: {smtp: \"smtp://m\", from: a@b.example, to: a@b.example}, ")))
        }
        #expect(known == declared)
    }

    @Test("help is a line of plain words", arguments: places)
    func help(_ place: Place) {
        for key in place.section.keys {
            #expect(
                !key.help.isEmpty && !key.help.hasSuffix(".") && !key.help.contains("\n") && !key.help.contains("|"), "\(place).\(key.name)"
            )
        }
    }

    @Test("docs/schema/config.schema.json is what is declared")
    func schema() throws {
        try Fixtures.recorded("docs/schema/config.schema.json", SettingSchema.document.serialized(pretty: true) + "\n", "SettingKeyTests")
    }

    @Test("the tables of docs/configuration.md are what is declared")
    func reference() throws {
        try Fixtures.recorded("docs/configuration.md", between: "settings", ConfigurationReference.text, "SettingKeyTests")
    }
}
