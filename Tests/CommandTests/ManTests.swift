import Glibc
import TestKit
import Testing

/// The manual: made from the table of commands, and read by the real groff.
@Suite struct ManTests {
    @Test func everyCommandHasAPageThatGroffReadsWithoutAWord() throws {
        let shell = Shell()
        let ending = try shell.run("man", "--into", shell.folder.path("man1"))
        #expect(ending.code == 0)
        let pages = try #require(shell.folder.names(in: "man1"))
        #expect(pages.count == HelpTests.commands.count + 1)
        for command in HelpTests.commands {
            let page = "mozaiks-ops-\(command.split(separator: " ").joined(separator: "-")).1"
            #expect(pages.contains(page), "\(page)")
        }
        // Again is no error: a package is built more than once.
        #expect(try shell.run("man", "--into", shell.folder.path("man1")).code == 0)
        guard access("/usr/bin/groff", X_OK) == 0 else { return }
        let rendered = try RunningProgram(
            "/usr/bin/groff", ["-man", "-ww", "-K", "utf8", "-T", "utf8", "-P", "-cbou"] + pages.map { "man1/" + $0 },
            environment: ["PATH": "/usr/bin:/bin"],
            in: shell.folder.path
        ).waitForEnd()
        #expect(rendered.code == 0 && rendered.errors.isEmpty, "\(rendered.errors)")
        for word in ["NAME", "SYNOPSIS", "EXAMPLES", "mozaiks-ops incidents list", "MOZAIKS_RUNTIME_URL"] {
            #expect(rendered.output.contains(word), "\(word)")
        }
    }

    @Test func aPageIsNamedByItsWordsApartOrTogether() throws {
        let shell = Shell()
        let together = try shell.run("man", "incidents list")
        let apart = try shell.run("man", "incidents", "list")
        #expect(together.code == 0 && together.output == apart.output, "\(together.errors)")
    }

    @Test func onePageIsPrinted() throws {
        let page = try Shell().run("man", "incidents", "list")
        #expect(page.code == 0 && page.errors.isEmpty)
        #expect(page.output.contains("mozaiks\\-ops\\-incidents\\-list \\- list incidents"), "\(page.output.prefix(300))")
        #expect(page.output.contains("\\fB\\-\\-severity\\fR \\fISEVERITY\\fR"))
        #expect(try Shell().run("man").output.contains(".TH MOZAIKS-OPS 1"))
        #expect(try Shell().run("man", "incidnets").code == 64)
        #expect(try Shell().run("man", "check", "--into", "x").code == 64)
    }
}

extension TemporaryFolder {
    /// The names in a folder in it, sorted; nil where there is none.
    func names(in folder: String) -> [String]? {
        guard let handle = opendir(path(folder)) else { return nil }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }
}
