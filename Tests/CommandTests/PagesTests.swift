import Glibc
import TestKit
import Testing

/// All pages that people read: their links lead somewhere, and the commands that they name exist as they are named.
@Suite struct PagesTests {
    /// Every page of the repository, by its path from the top.
    static let pages: [String] = {
        var found = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ".ci/packaging/README.md"]
        var folders = ["docs"]
        while let folder = folders.popLast() {
            guard let handle = opendir(Fixtures.repository + "/" + folder) else { continue }
            defer { closedir(handle) }
            while let entry = readdir(handle) {
                let isFolder = Int32(entry.pointee.d_type) == Int32(DT_DIR)
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name.hasPrefix(".") { continue }
                if isFolder { folders.append(folder + "/" + name) }
                if name.hasSuffix(".md") { found.append(folder + "/" + name) }
            }
        }
        return found.sorted()
    }()

    @Test("a page's links lead to files that are there", arguments: pages)
    func links(path: String) throws {
        let text = String(decoding: try #require(Fixtures.read(Fixtures.repository + "/" + path)), as: UTF8.self)
        let folder = path.split(separator: "/").dropLast().joined(separator: "/")
        for target in Self.targets(of: text) where !target.contains(":") && !target.hasPrefix("#") {
            let file = String(target.prefix { $0 != "#" })
            let place = [Fixtures.repository, folder, file].filter { !$0.isEmpty }.joined(separator: "/")
            #expect(access(place, F_OK) == 0, "\(path) links to \(target)")
        }
    }

    @Test("a link to a heading leads to one", arguments: pages)
    func anchors(path: String) throws {
        let text = String(decoding: try #require(Fixtures.read(Fixtures.repository + "/" + path)), as: UTF8.self)
        for target in Self.targets(of: text) where target.contains("#") && !target.contains(":") {
            let parts = target.split(separator: "#", omittingEmptySubsequences: false)
            guard let page = parts[0].isEmpty ? path : Self.place(String(parts[0]), from: path), page.hasSuffix(".md") else { continue }
            let headings = Self.headings(of: String(decoding: try #require(Fixtures.read(Fixtures.repository + "/" + page)), as: UTF8.self))
            #expect(headings.contains(String(parts[1])), "\(path) links to \(target)")
        }
    }

    /// The index first of all.
    @Test func everyPageIsFoundFromAnother() throws {
        var linked: Set<String> = []
        for path in Self.pages {
            let text = String(decoding: try #require(Fixtures.read(Fixtures.repository + "/" + path)), as: UTF8.self)
            linked.formUnion(Self.targets(of: text).compactMap { Self.place(String($0.prefix { $0 != "#" }), from: path) })
        }
        for path in Self.pages where path != "README.md" { #expect(linked.contains(path), "no page leads to \(path)") }
    }

    /// The path from the top of a file that a page names; nil for what lies elsewhere.
    private static func place(_ target: String, from page: String) -> String? {
        var parts = page.split(separator: "/").dropLast().map(String.init)
        for part in target.split(separator: "/") where part != "." {
            if part == ".." {
                guard parts.popLast() != nil else { return nil }
            } else {
                parts.append(String(part))
            }
        }
        return parts.joined(separator: "/")
    }

    /// The names by which links reach a page's headings.
    private static func headings(of text: String) -> Set<String> {
        var found: [String: Int] = [:]
        var isCode = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") { isCode.toggle() }
            guard !isCode, line.hasPrefix("#") else { continue }
            let title = line.drop { $0 == "#" }.drop { $0 == " " }.lowercased()
            let kept = title.compactMap { $0 == " " ? "-" : $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" ? String($0) : nil }
                .joined()
            found[kept, default: 0] += 1
        }
        return Set(found.flatMap { name, count in [name] + (1..<max(count, 1)).map { "\(name)-\($0)" } })
    }

    @Test("a command that a page names exists, with the options that it is shown with")
    func commands() throws {
        let shell = Shell()
        let overview = try shell.run("--help").output
        let known = Set(
            overview.split(separator: "\n").filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }.map { line in
                line.split(separator: " ").prefix { $0.allSatisfy { $0.isLowercase || $0 == "-" } }.prefix(2).joined(separator: " ")
            })
        var helps: [String: String] = [:]
        var seen = 0
        for path in Self.pages {
            let text = String(decoding: try #require(Fixtures.read(Fixtures.repository + "/" + path)), as: UTF8.self)
            for words in Self.invocations(in: text) {
                // A verb alone (`check`), or a noun and a verb (`incidents list`).
                let two = words.prefix(2).joined(separator: " ")
                guard let command = [two, words[0]].first(where: known.contains) else {
                    Issue.record("\(path) names the command 'mozaiks-ops \(two)', which does not exist")
                    continue
                }
                seen += 1
                let help = try helps[command] ?? shell.run(command.split(separator: " ").map(String.init) + ["--help"]).output
                helps[command] = help
                let options = Set(help.split { " ,\n[]=".contains($0) }.filter { $0.hasPrefix("-") })
                for word in words where word.hasPrefix("-") && word.dropFirst().first.map({ $0 == "-" || $0.isLetter }) == true {
                    let option = word.prefix { !"=,`);".contains($0) }
                    #expect(options.contains(option), "\(path) shows 'mozaiks-ops \(command)' with \(option), which its help does not know")
                }
            }
        }
        #expect(seen > 20, "the pages were not read")
    }

    /// Where Markdown links of a page lead, outside of code blocks.
    static func targets(of text: String) -> [String] {
        var targets: [String] = []
        var isCode = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") { isCode.toggle() }
            if isCode { continue }
            for part in line.split(separator: "]", omittingEmptySubsequences: false).dropFirst() where part.hasPrefix("(") {
                targets.append(String(part.dropFirst().prefix { $0 != ")" && $0 != " " }))
            }
        }
        return targets
    }

    @Test(
        "a command is found behind what may stand before it, and a name is none",
        arguments: [
            ("$ mozaiks-ops check --brief", ["check --brief"]), ("sudo mozaiks-ops init --url X  # asks", ["init --url X"]),
            ("A=b mozaiks-ops doctor | less", ["doctor"]), ("TOKEN=$(mozaiks-ops token create x --role y)", ["token create x --role y"]),
            ("docker exec mozaiks-ops /usr/bin/mozaiks-ops status", ["status"]), ("mozaiks-ops a && mozaiks-ops b", ["a", "b"]),
            ("kubectl -n m exec deploy/mozaiks-ops -- /usr/bin/mozaiks-ops doctor", ["doctor"]),
            ("systemctl enable --now mozaiks-ops", []), ("journalctl -u mozaiks-ops -p err", []), ("# mozaiks-ops check", []),
            ("docker run -d --name mozaiks-ops --read-only image", []), ("mozaiks-ops: no runtime to watch", []),
        ])
    func invocationsAreFound(line: String, found: [String]) {
        #expect(Self.invocations(of: line[...]).map { $0.joined(separator: " ") } == found)
    }

    /// The words behind `mozaiks-ops` wherever a page shows it as a command: a line of a block, or a code span of its own.
    static func invocations(in text: String) -> [[String]] {
        var found: [[String]] = []
        var isCode = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.drop(while: { $0 == " " }).hasPrefix("```") {
                isCode.toggle()
                continue
            }
            let spans = line.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }.map(
                \.element)
            found += (isCode ? [line] : spans).flatMap(invocations)
        }
        return found
    }

    /// The words behind each `mozaiks-ops` that a shell would start.
    static func invocations(of line: Substring) -> [[String]] {
        let words = line.split(separator: " ").prefix { !$0.hasPrefix("#") }
        return words.split { ["|", "||", "&&", ";", ">", "2>"].contains($0) }.compactMap { command in
            var command = command.drop { $0 == "$" || $0 == "sudo" || DocumentationBlock.isAssignment(String($0)) && !$0.contains("$(") }
            // In a container: what is behind the container's name, by its path there.
            if let inside = command.firstIndex(of: "exec") {
                command = command[inside...].drop { !$0.hasSuffix("/mozaiks-ops") || $0.first != "/" }
            }
            guard let program = command.first,
                program == "mozaiks-ops" || ["/mozaiks-ops", "$(mozaiks-ops"].contains(where: program.hasSuffix),
                let first = command.dropFirst().first, first.first?.isLowercase == true
            else { return nil }
            return command.dropFirst().map { String($0.last == ")" && program.contains("$(") ? $0.dropLast() : $0) }
        }
    }

    /// A path of the repository as pages write it: from the top, or by its room in `Sources`, with or without `.swift`.
    @Test("a file that a page names is there", arguments: pages)
    func files(path: String) throws {
        let text = String(decoding: try #require(Fixtures.read(Fixtures.repository + "/" + path)), as: UTF8.self)
        for name in Self.paths(in: text) {
            let places = [name, "Sources/" + name].flatMap { [$0, $0 + ".swift"] }
            #expect(places.contains { access(Fixtures.repository + "/" + $0, F_OK) == 0 }, "\(path) names \(name)")
        }
    }

    @Test func pathsAreFound() {
        let text =
            "`Sources/Policy/Nope.swift` and `Signals/Nope`, `docs/x`, `./here.yaml`, `Tests/NAME.swift`, `Model`, `Policy/a b`\n```\n`Policy/In`\n```"
        #expect(Self.paths(in: text) == ["Sources/Policy/Nope.swift", "Signals/Nope"])
    }

    /// Code spans that are paths of sources or tests. A word in capitals stands for a name.
    private static func paths(in text: String) -> [String] {
        var found: [String] = []
        var isCode = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.drop(while: { $0 == " " }).hasPrefix("```") { isCode.toggle() }
            if isCode { continue }
            for (place, span) in line.split(separator: "`", omittingEmptySubsequences: false).enumerated() where place % 2 == 1 {
                let parts = span.split(separator: "/")
                guard parts.count > 1, !parts[0].hasPrefix("."), span.allSatisfy({ $0.isLetter || $0.isNumber || "/+-._".contains($0) }),
                    parts[0] == "Sources" || parts[0] == "Tests" || access(Fixtures.repository + "/Sources/" + parts[0], F_OK) == 0,
                    !parts.contains(where: { $0.split(separator: ".").first?.allSatisfy(\.isUppercase) ?? false })
                else { continue }
                found.append(String(span))
            }
        }
        return found
    }
}
