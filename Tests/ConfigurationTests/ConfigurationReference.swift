import Model

@testable import Configuration

/// The tables of docs/configuration.md, made of the declarations.
enum ConfigurationReference {
    static var text: String {
        var text = ""
        // Once each: what stands beside many URLs is explained by itself.
        var open: [(title: String, section: SettingSection)] = [("The file", Keys.section)]
        var told: Set<[String]> = []
        while !open.isEmpty {
            let (title, section) = open.removeFirst()
            guard told.insert(section.keys.map(\.name)).inserted else { continue }
            text += "\n### \(title)\n\n| key | what stands there | without it | what it is for |\n|---|---|---|---|\n"
            var inner: [(String, SettingSection)] = []
            for key in section.keys {
                let without = key.isRequired ? "**needed**" : key.fallback.map(shown) ?? ""
                text += "| \(name(key)) | \(value(key.kind)) | \(without) | \(key.help) |\n"
                inner += sections(of: key.kind, title == "The file" ? key.name : "\(title).\(key.name)")
            }
            open = inner + open
        }
        return text + "\n"
    }

    private static func name(_ key: SettingKey) -> String {
        guard case .secret = key.kind else { return "`\(key.name)`" }
        return "`\(key.name)` *(secret)*"
    }

    /// Words stay words; what one would write stands as code.
    private static func shown(_ fallback: String) -> String {
        fallback.contains(" ") && !fallback.contains(" in ") || fallback == "all" ? fallback : "`\(fallback)`"
    }

    private static func value(_ kind: SettingKind) -> String {
        switch kind {
        case .text(let example): example.map { "text, such as `\($0)`" } ?? "text"
        case .choice(let names): names.map { "`\($0)`" }.joined(separator: ", ")
        case .flag: "`true`, `false`"
        case .whole(let range): "a number, \(range.lowerBound) to \(range.upperBound)"
        case .span(let range): "a length of time, \(range.lowerBound) to \(range.upperBound)"
        case .percent(let range): "`\(Amounts.number(range.lowerBound))%` to `\(Amounts.number(range.upperBound))%`"
        case .bytes: "a size, such as `16 MB`"
        case .dollars: "USD, such as `0.25`"
        case .price: "such as `0.15 USD/M`"
        case .pace: "such as `30 in 1m`"
        case .secret: "see [secrets](#secrets)"
        case .address: "`ADDRESS:PORT`"
        case .url: "a URL"
        case .path: "a path"
        case .list(.section): "a list of mappings, below"
        case .list(let item): "one or a list: \(value(item))"
        case .section: "a mapping, below"
        case .named(let name, .section): "\(name): a mapping, below"
        case .named(let name, let item): "\(name): \(value(item))"
        case .word(let word, let other): "`\(word)`, or \(value(other))"
        }
    }

    private static func sections(of kind: SettingKind, _ title: String) -> [(String, SettingSection)] {
        switch kind {
        case .section(let section): [(title, section)]
        case .list(let item): sections(of: item, title + "[]")
        case .named(let name, let item): sections(of: item, "\(title).\(name)")
        case .word(_, let other): sections(of: other, title)
        default: []
        }
    }
}
