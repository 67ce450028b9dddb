import Model

/// `man`: the manual, made from the table of commands.
enum ManCommand {
    static let command = Command(
        ["man"], "Print a page of the manual, or write all of them",
        discussion: "The pages are in roff, as man(1) reads them: without a command the page about the program.",
        positionals: [Positional("COMMAND", required: false, repeats: true, "the command, such as: incidents list")],
        options: [Option("into", value: "DIR", "write every page to this folder instead")],
        examples: [
            ("mozaiks-ops man check | man -l -", "read one"),
            ("mozaiks-ops man --into /usr/local/share/man/man1", "install all"),
        ]
    ) { invocation in
        // `man "incidents list"` is what help calls it.
        let words = invocation.arguments.allPositionals("COMMAND").flatMap { $0.split(separator: " ").map(String.init) }
        if let folder = invocation.arguments.value("into") {
            guard words.isEmpty else { throw UsageError("--into writes every page", hint: "leave '\(words.joined(separator: " "))' out") }
            try NewFile.folder(folder)
            let pages = ManPage.all
            for page in pages { try NewFile.write(page.text, to: folder + "/" + page.file, replaces: true) }
            remark("wrote \(pages.count) pages to \(Shown.line(folder))\n", .info)
            return .ok
        }
        let file = (["mozaiks-ops"] + words).joined(separator: "-") + ".1"
        guard let page = ManPage.all.first(where: { $0.file == file }) else {
            throw UsageError(
                "there is no page for '\(words.joined(separator: " "))'", hint: MeantCommand.whole(words) ?? "see mozaiks-ops --help")
        }
        write(page.text)
        return .ok
    }
}
