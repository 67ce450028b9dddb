import Glibc
import JSONParsing
import Model
import TestKit
import Testing

/// What no text of a model's can ever reach, shown by the package itself: by its manifest and by what the sources import.
@Suite struct PackageGraphTests {
    /// `Tests/AdvisorTests/PackageGraphTests.swift` → the repository.
    static let root = String(#filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 })

    /// Of one target, what it may import and what it does import.
    struct Room {
        let name: String
        let type: String
        let path: String
        /// In the manifest.
        let declared: Set<String>
        /// `import` lines of its sources.
        let imported: Set<String>
        /// Its place in the manifest.
        let place: Int
    }

    static let rooms: Result<[String: Room], any Error> = Result { try read() }

    private static func read() throws -> [String: Room] {
        // A build that runs beside this one holds the lock of `.build`; the manifest needs none of it.
        let scratch = TemporaryFolder()
        let program = try RunningProgram(
            "/usr/bin/env", ["swift", "package", "--scratch-path", scratch.path("build"), "--package-path", root, "dump-package"],
            environment: ["PATH": environment("PATH"), "HOME": scratch.path], in: scratch.path, atMost: 300)
        let ending = program.waitForEnd()
        let manifest = try JSON(parsing: Array(ending.output.utf8))
        var rooms: [String: Room] = [:]
        for (place, target) in (manifest["targets"]?.array ?? []).enumerated() {
            let name = target["name"]?.string ?? ""
            let type = target["type"]?.string ?? ""
            let path = root + "/" + (target["path"]?.string ?? (type == "test" ? "Tests/" : "Sources/") + name)
            let declared = (target["dependencies"]?.array ?? []).compactMap { $0["byName"]?[0]?.string ?? $0["target"]?[0]?.string }
            rooms[name] = Room(
                name: name, type: type, path: path, declared: Set(declared), imported: imports(below: path), place: place)
        }
        return rooms
    }

    private static func environment(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }

    static func files(below folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var found: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard !name.hasPrefix(".") else { continue }
            let path = folder + "/" + name
            found += entry.pointee.d_type == UInt8(DT_DIR) ? files(below: path) : [path]
        }
        return found.sorted()
    }

    static func text(_ path: String) -> String { String(decoding: Fixtures.read(path) ?? [], as: UTF8.self) }

    /// `import A`, `@testable import A`, `public import struct A.B`, also behind a semicolon.
    static func imports(in text: String) -> Set<String> {
        var found: Set<String> = []
        for statement in text.split(whereSeparator: { $0 == "\n" || $0 == ";" }) {
            let words = statement.split(separator: " ").map(String.init)
            guard let place = words.firstIndex(of: "import"), place < 3, place + 1 < words.count,
                words[..<place].allSatisfy({
                    $0.hasPrefix("@") || ["public", "internal", "package", "private", "fileprivate"].contains($0)
                })
            else { continue }
            let kinds = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
            let name = kinds.contains(words[place + 1]) && place + 2 < words.count ? words[place + 2] : words[place + 1]
            found.insert(String(name.prefix { $0 != "." && $0 != "/" }))
        }
        return found
    }

    private static func imports(below folder: String) -> Set<String> {
        files(below: folder).filter { $0.hasSuffix(".swift") }.reduce(into: []) { $0.formUnion(imports(in: text($1))) }
    }

    /// Everything that a room reaches through `edges`, itself left out.
    private func reach(_ name: String, _ rooms: [String: Room], _ edges: (Room) -> Set<String>) -> Set<String> {
        var reached: Set<String> = []
        var open = [name]
        while let next = open.popLast() {
            guard let room = rooms[next] else { continue }
            for target in edges(room) where reached.insert(target).inserted { open.append(target) }
        }
        return reached
    }

    @Test("the advisor and all that it imports reach neither Actions nor Guard, by the manifest and by the sources")
    func advisorCannotAct() throws {
        let rooms = try PackageGraphTests.rooms.get()
        let advisor = try #require(rooms["Advisor"])
        #expect(!advisor.imported.isEmpty)
        for (how, reached) in [
            ("manifest", reach("Advisor", rooms) { $0.declared }), ("imports", reach("Advisor", rooms) { $0.imported }),
            ("both", reach("Advisor", rooms) { $0.imported.union($0.declared) }),
        ] {
            #expect(reached.contains("Model"), "the walk works")
            for forbidden in ["Actions", "Guard", "Engine", "Policy", "Journal", "Cycle", "Daemon", "Server", "Notify"] {
                #expect(!reached.contains(forbidden), "\(how): Advisor reaches \(forbidden)")
            }
        }
        // The walk would find them: it does from the room that decides.
        #expect(reach("Daemon", rooms) { $0.declared }.isSuperset(of: ["Actions", "Guard"]))
    }

    @Test("rooms import only from above, and only what the manifest names")
    func upward() throws {
        let rooms = try PackageGraphTests.rooms.get()
        #expect(rooms.count > 20)
        for room in rooms.values where room.path.hasPrefix(PackageGraphTests.root + "/Sources") {
            for name in room.imported {
                guard let other = rooms[name] else { continue }
                #expect(room.declared.contains(name), "\(room.name) imports \(name), which the manifest does not name")
                #expect(other.place < room.place, "\(room.name) imports \(name), which stands below it")
            }
            for name in room.declared {
                let other = try #require(rooms[name], "\(room.name) names \(name), which is no target here")
                #expect(other.place < room.place, "\(room.name) depends on \(name), which stands below it")
                #expect(
                    other.path.hasPrefix(PackageGraphTests.root + "/Sources"), "\(room.name) depends on \(name), which is no product code")
            }
            #expect(!room.imported.contains("Foundation") && !room.imported.contains("FoundationEssentials"), "\(room.name)")
        }
    }

    @Test("the simulator serves those who show and simulate, and no room of the product")
    func simulatorIsForShow() {
        let sources = PackageGraphTests.root + "/Sources"
        let users = PackageGraphTests.files(below: sources).map { String($0.dropFirst(sources.utf8.count + 1)) }.filter { path in
            path.hasSuffix(".swift") && !path.hasPrefix("Simulator/")
                && PackageGraphTests.imports(in: PackageGraphTests.text("\(sources)/\(path)")).contains("Simulator")
        }
        let places = ["mozaiks-ops/Commands/Demo/", "mozaiks-ops/Commands/Simulate/"]
        for path in users {
            // The names of scenarios, which `simulate` takes.
            #expect(path.hasSuffix("/CompletionValues.swift") || places.contains { path.hasPrefix($0) }, "\(path)")
        }
        #expect(users.count > places.count)
    }

    @Test("a suite that looks inside of rooms stands in the folder of one of them")
    func suitesStandWithTheirRooms() {
        let suites = PackageGraphTests.files(below: PackageGraphTests.root + "/Tests").filter { $0.hasSuffix("Tests.swift") }
        #expect(suites.count > 200)
        for path in suites {
            let parts = path.dropFirst(PackageGraphTests.root.count).split(separator: "/")
            let lines = PackageGraphTests.text(path).split(separator: "\n").filter { $0.hasPrefix("@testable import ") }
            // The simulator is what others are tried with.
            let inside = Set(lines.compactMap { $0.split(separator: " ").last.map(String.init) }).subtracting(["Simulator"])
            guard parts.count > 2, !inside.isEmpty else { continue }
            #expect(inside.contains(String(parts[1].dropLast("Tests".count))), "\(path) looks inside \(inside.sorted())")
        }
    }

    /// Functions that start a process or a shell, or load code at run time.
    private static let starters = [
        "posix_spawn", "posix_spawnp", "fork", "vfork", "clone", "clone3", "execl", "execlp", "execle", "execv", "execve", "execvp",
        "execvpe", "execveat", "fexecve", "system", "popen", "wordexp", "Process", "dlopen", "dlsym", "syscall", "pidfd_open",
        // Our own, by which a library of any name could be opened, also from Swift.
        "cplatform_open", "cplatform_function",
    ]

    /// The words of a source without comments and texts, each with the byte behind it (blanks passed over).
    static func calls(in source: String) -> [(word: String, next: UInt8)] {
        let code = Array(withoutComments(source).utf8)
        var found: [(word: String, next: UInt8)] = []
        var place = 0
        func isWord(_ byte: UInt8) -> Bool {
            switch byte {
            case 48...57, 65...90, 97...122, 95: true
            default: false
            }
        }
        while place < code.count {
            guard isWord(code[place]) else {
                place += 1
                continue
            }
            let word = code[place...].prefix(while: isWord)
            place += word.count
            let next = code[place...].first { $0 != 0x20 && $0 != 0x0A && $0 != 0x09 } ?? 0
            found.append((String(decoding: word, as: UTF8.self), next))
        }
        return found
    }

    private static func withoutComments(_ source: String) -> String {
        var out: [UInt8] = []
        let bytes = Array(source.utf8)
        var place = 0
        var isInText = false
        while place < bytes.count {
            let pair = place + 1 < bytes.count ? (bytes[place], bytes[place + 1]) : (bytes[place], 0)
            if isInText {
                // A line break ends what is not a text of several lines; those hold no quotes that matter here.
                if pair.0 == UInt8(ascii: "\\") { place += 1 } else if pair.0 == UInt8(ascii: "\"") || pair.0 == 0x0A { isInText = false }
            } else if pair == (UInt8(ascii: "/"), UInt8(ascii: "/")) {
                while place < bytes.count, bytes[place] != 0x0A { place += 1 }
                continue
            } else if pair == (UInt8(ascii: "/"), UInt8(ascii: "*")) {
                while place + 1 < bytes.count, !(bytes[place] == UInt8(ascii: "*") && bytes[place + 1] == UInt8(ascii: "/")) { place += 1 }
                place += 2
                continue
            } else if pair.0 == UInt8(ascii: "\"") {
                isInText = true
            } else {
                out.append(pair.0)
            }
            place += 1
        }
        return String(decoding: out, as: UTF8.self)
    }

    @Test("no source of the product starts a process or a shell, C shims included")
    func noProcess() {
        let sources = PackageGraphTests.files(below: PackageGraphTests.root + "/Sources").filter { path in
            [".swift", ".c", ".cpp", ".h", ".hpp", ".cc"].contains { path.hasSuffix($0) }
        }
        #expect(sources.count > 200)
        #expect(
            sources.contains { $0.hasSuffix(".cpp") } && sources.contains { $0.hasSuffix(".c") } && sources.contains { $0.hasSuffix(".h") })
        let starters = Set(PackageGraphTests.starters)
        for path in sources {
            for call in PackageGraphTests.calls(in: PackageGraphTests.text(path)) where starters.contains(call.word) {
                // A call, or the function taken as a value; a label or member of that name is neither.
                let isCall =
                    call.next == UInt8(ascii: "(") || ["posix_spawn", "exec", "cplatform_"].contains { call.word.hasPrefix($0) }
                // Libraries that are opened when they are needed; their names are constants.
                let isLibrary =
                    ["/CPostgres/CPostgres.c", "/CPlatform/Opened.c", "/CPlatform/include/Opened.h"].contains { path.hasSuffix($0) }
                    && ["dlopen", "dlsym", "cplatform_open", "cplatform_function"].contains(call.word)
                #expect(!isCall || isLibrary, "\(path) uses \(call.word)")
            }
        }
    }

    @Test("the search finds what it looks for, and only that")
    func theSearchWorks() {
        func words(_ source: String) -> [String] {
            Self.calls(in: source).filter { Self.starters.contains($0.word) && $0.next == UInt8(ascii: "(") }.map(\.word)
        }
        #expect(words("let code = system(\"ls\") // fork()") == ["system"])
        #expect(words("let library = cplatform_open(name)") == ["cplatform_open"])
        #expect(words("if fork () == 0 { execv(path, list) } /* popen( */") == ["fork", "execv"])
        #expect(words("let text = \"system(x)\"; subsystem(1); let process = Process()") == ["Process"])
        #expect(
            Self.imports(in: "import A\n@testable import B\npublic import struct C.D\nlet import = 1; import E") == ["A", "B", "C", "E"])
    }
}
