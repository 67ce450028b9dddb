import Glibc
import Model
import TestKit
import Testing

@testable import Policy

/// docs/rules.md has a section for each default rule, and what of it the policy says as well (severity, `for`, thresholds,
/// page) is what the policy says. `MOZAIKS_RECORD=1 swift test --filter RulesPageTests` writes sections that are missing, behind
/// that of the rule before, and fails for that run: a new rule needs nothing by hand there but what it has to tell besides.
@Suite struct RulesPageTests {
    private static let path = Fixtures.repository + "/docs/rules.md"
    private static let policy = PolicySet.embeddedDefault.defaultPolicy

    /// Names that its condition, what it goes on by and its actions use, sorted.
    private static func thresholds(_ rule: Rule) -> [Threshold] {
        let texts = rule.fields.filter { ["when", "while", "actions"].contains($0.key) }.map { $0.value.serialized() }
        return policy.thresholds.filter { threshold in
            texts.contains { text in
                text.split(separator: "$").dropFirst().contains { $0.prefix { $0.isLetter || $0 == "_" } == threshold.name }
            }
        }
    }

    /// What has to stand in the section of a rule.
    private struct Lines {
        let severity: String
        /// One of them.
        let hold: [String]
        /// Nil where it uses none.
        let thresholds: String?
        let page: String

        init(_ rule: Rule) {
            let article = rule.subject == .app ? "an" : "a"
            severity = "- **Severity** \(rule.severity.rawValue), on \(article) \(rule.subject.rawValue); "
            hold =
                ["`for: \(rule.hold)`"] + (rule.hold == PolicySet.embeddedDefault.missingAfter ? ["`for: missing_after`"] : [])
                + (rule.hold == .zero ? ["at once"] : [])
            let names = RulesPageTests.thresholds(rule).map { "`\($0.name)` (\($0.text))" }
            thresholds = names.isEmpty ? nil : "the thresholds " + names.joined(separator: ", ")
            let name = rule.playbook ?? rule.name
            page = "- **What to do** [playbooks/\(name).md](../playbooks/\(name).md)."
        }
    }

    /// What a reader is told at the least.
    private static func section(_ rule: Rule) -> String {
        let lines = Lines(rule)
        let seen =
            switch rule.subject {
            case .host: "every machine that `hosts:` names."
            case .service: "every service that is configured."
            default: "the builds that [this table](policies.md#what-the-default-rules-can-see) names."
            }
        return """
            ## \(rule.name)

            \(rule.details ?? rule.summary)

            \(lines.severity)\(lines.hold[0]).
            - **Seen on** \(seen)
            - **Change it** by \(lines.thresholds ?? "its `for`"); `enabled: false` switches it off.
            \(lines.page)


            """
    }

    /// The page's sections, with their heading lines, and what stands before the first.
    private static func sections(_ page: String) -> [(name: String, text: String)] {
        var found: [(name: String, text: String)] = [("", "")]
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("## ") { found.append((String(line.dropFirst(3)), "")) }
            found[found.count - 1].text += line + "\n"
        }
        // Of the page's last line end nothing follows.
        found[found.count - 1].text.removeLast()
        return found
    }

    /// Sections that are missing put behind those of the rules before them.
    private static func completed(_ page: String, _ rules: [Rule]) -> String {
        var sections = sections(page)
        var place = sections.count
        for rule in rules {
            if let here = sections.firstIndex(where: { $0.name == rule.name }) {
                place = here + 1
            } else {
                // A section ends with an empty line, the last one of the page with none.
                if place == sections.count { sections[place - 1].text += "\n" }
                let text = section(rule)
                sections.insert((rule.name, place == sections.count ? String(text.dropLast()) : text), at: place)
                place += 1
            }
        }
        return sections.map(\.text).joined()
    }

    @Test("each default rule has its section, with what the policy says of it")
    func rules() throws {
        let rules = PolicySet.embeddedDefault.defaultRules
        let page = String(decoding: try #require(Fixtures.read(Self.path)), as: UTF8.self)
        let sections = Self.sections(page)
        let missing = rules.map(\.name).filter { name in !sections.contains { $0.name == name } }
        if !missing.isEmpty, getenv("MOZAIKS_RECORD") != nil {
            let file = try #require(fopen(Self.path, "wb"))
            defer { fclose(file) }
            fputs(Self.completed(page, rules), file)
        }
        #expect(missing.isEmpty, "docs/rules.md: MOZAIKS_RECORD=1 swift test --filter RulesPageTests")
        for rule in rules {
            guard let text = sections.first(where: { $0.name == rule.name })?.text else { continue }
            let lines = Lines(rule)
            #expect(text.contains("\n" + lines.severity), "\(rule.name): \(lines.severity)")
            #expect(lines.hold.contains { text.contains($0) }, "\(rule.name): \(lines.hold)")
            #expect(text.contains("\n\(lines.page)\n"), "\(rule.name): \(lines.page)")
            let change = text.split(separator: "\n").first { $0.hasPrefix("- **Change it** ") } ?? ""
            // What a rule shares with another is said there.
            let isElsewhere = change.contains("the thresholds of [")
            if let thresholds = lines.thresholds {
                #expect(isElsewhere || change.contains(thresholds), "\(rule.name): \(thresholds)")
            } else {
                #expect(!change.contains("the thresholds `"), "\(rule.name) uses none")
            }
            if isElsewhere {
                let other = rules.first { change.contains("the thresholds of [\($0.name)](#\($0.name))") }
                let theirs = try #require(other, "\(rule.name): of no rule")
                #expect(Set(Self.thresholds(rule).map(\.name)).isSubset(of: Self.thresholds(theirs).map(\.name)), "\(rule.name)")
            }
        }
    }

    @Test("the page of hosts and services has a row for each rule on them")
    func beside() throws {
        let page = String(decoding: try #require(Fixtures.read(Fixtures.repository + "/docs/hosts-and-services.md")), as: UTF8.self)
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| [") && $0.contains("](rules.md#") }
        let rules = PolicySet.embeddedDefault.defaultRules.filter(\.subject.isBesideRuntimes)
        for rule in rules {
            let row = rows.first { $0.hasPrefix("| [\(rule.name)](rules.md#\(rule.name)) | ") }
            #expect(row?.hasSuffix(" | \(rule.severity.rawValue) |") == true, "\(rule.name)")
        }
        #expect(rows.count == rules.count)
    }

    @Test("a section that is missing is written where it belongs, and nothing else is touched")
    func written() throws {
        let rules = PolicySet.embeddedDefault.defaultRules
        let page = String(decoding: try #require(Fixtures.read(Self.path)), as: UTF8.self)
        #expect(Self.sections(page).map(\.text).joined() == page)
        #expect(Self.completed(page, rules) == page)
        let last = try #require(Self.sections(page).last { section in rules.contains { $0.name == section.name } }).name
        for name in ["runtime-unauthorized", last] {
            let without = Self.sections(page).filter { $0.name != name }.map(\.text).joined()
            let written = Self.completed(without, rules)
            let section = try #require(Self.sections(written).first { $0.name == name }).text
            let rule = try #require(rules.first { $0.name == name })
            #expect(section.hasPrefix("## \(name)\n\n") && section.contains("\n" + Lines(rule).page + "\n"))
            #expect(Self.sections(written).filter { $0.name != name }.map(\.name) == Self.sections(without).map(\.name))
        }
    }
}
