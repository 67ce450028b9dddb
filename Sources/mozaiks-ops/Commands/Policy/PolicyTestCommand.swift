import Ambient
import Collector
import Composition
import Configuration
import Cycle
import Glibc
import Model
import Policy
import PolicyTesting
import Views
import YAML

/// `policy test`: what policies decide on given series or a tape, against what is expected.
enum PolicyTestCommand {
    static let command = Command(
        ["policy", "test"], "Run tests of policies: given series in, expected states, incidents and actions out",
        discussion: """
            A test gives readings step by step in a short notation ('active_runs: 6x10 8x5 _x3'), or a tape, and says which \
            states, incidents and actions are expected when. It runs through the engine and the guard that the daemon has. \
            docs/policies.md shows how to write one.

            The policies under test are those of --policies, else those that the file names, else the configured ones.

            Exit code 0: all as expected; 1: not; 78: a file of tests or a policy is wrong.
            """,
        positionals: [
            Positional(
                "FILES", required: false, repeats: true,
                "files of tests or folders of them (default: 'tests' in the folder of policies)")
        ],
        options: [
            MonitorOptions.policies, Option("run", value: "REGEX", "only tests whose name matches (POSIX extended)"),
            Option("junit", value: "FILE", "also write the results as JUnit XML"),
        ],
        examples: [
            ("mozaiks-ops policy test policies/tests", "all files of a folder"),
            ("mozaiks-ops policy test noisy.yaml --run '^quiet' --policies draft/", "some tests, against a draft"),
            ("mozaiks-ops policy test --junit results.xml", "for a build server"),
        ]
    ) { invocation in
        let pattern = try invocation.arguments.value("run").map { try Pattern($0) }
        let files = try read(invocation)
        var policies = PolicySource(invocation)
        var results: [PolicyTestResult] = []
        var faults: [Diagnostic] = []
        for file in files {
            let set = try policies.set(for: file)
            for test in file.tests where pattern?.matches(test.name) ?? true {
                let unknown = test.unknownRules(set)
                faults += unknown
                guard unknown.isEmpty else { continue }
                invocation.warn(test.unreadSeries(set))
                let frames = try frames(test, of: file, set)
                results.append(test.judge(frames, set, file: file.file))
            }
        }
        guard faults.isEmpty else { throw invocation.diagnosed(faults) }
        if results.isEmpty, let pattern = invocation.arguments.value("run") {
            throw CommandFailure("no test has a name that matches '\(pattern)'")
        }
        if let path = invocation.arguments.value("junit") { try save(JUnit.document(results), to: path) }
        let tests = PolicyTestResults(results)
        invocation.print(text: text(tests, invocation.terminal), json: tests.document)
        return tests.failed == 0 ? .ok : .failure
    }

    // MARK: - Reading

    private static func read(_ invocation: Invocation) throws -> [PolicyTestFile] {
        var paths = invocation.arguments.allPositionals("FILES")
        if paths.isEmpty {
            let folder = try invocation.arguments.value("policies") ?? invocation.configuration().policies.value ?? "policies"
            paths = [folder + "/tests"]
        }
        var files: [SourceFile] = []
        for path in paths {
            do throws(FileReading.Failure) {
                if isFolder(path) {
                    files += try FileReading.yamlFiles(in: path)
                } else {
                    files.append(SourceFile(path: path, bytes: try FileReading.source(path)))
                }
            } catch {
                throw CommandFailure(
                    error.description, hint: "name files of tests, or a folder of them; docs/policies.md shows how to write one",
                    code: .configuration)
            }
        }
        guard !files.isEmpty else {
            throw CommandFailure("no tests in \(paths.joined(separator: ", "))", hint: "files end in .yaml", code: .configuration)
        }
        var read: [PolicyTestFile] = []
        var diagnostics: [Diagnostic] = []
        for file in files {
            let reporter = Reporter(source: SourceText(file: file.path, bytes: file.bytes))
            if let tests = PolicyTestReader(reporter, zones: { zone($0, invocation.environment) }).read() { read.append(tests) }
            diagnostics += reporter.diagnostics
        }
        guard diagnostics.isEmpty else { throw invocation.diagnosed(diagnostics.sorted()) }
        return read
    }

    /// The zones of this machine's files.
    private static func zone(_ name: String, _ environment: Environment) -> Result<Zone, PolicyTestReader.UnknownZone> {
        do throws(ZoneFile.Failure) {
            return .success(try ZoneFile.zone(name, in: environment))
        } catch {
            return .failure(PolicyTestReader.UnknownZone(why: error.why, hint: error.hint))
        }
    }

    private static func isFolder(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
    }

    /// A path as written in a file, from that file's folder.
    static func resolve(_ path: String, beside file: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return String(file[...slash]) + path
    }

    /// The policies under test, each set loaded once.
    private struct PolicySource {
        let invocation: Invocation
        private var known: [String: PolicySet] = [:]

        init(_ invocation: Invocation) {
            self.invocation = invocation
        }

        mutating func set(for file: PolicyTestFile) throws -> PolicySet {
            let folder =
                invocation.arguments.value("policies")
                ?? file.policies.map { PolicyTestCommand.resolve($0, beside: file.file) }
            let key = folder ?? ""
            if let set = known[key] { return set }
            do {
                let set =
                    try folder.map { try Assembly.loadPolicies(folder: $0) }
                    ?? Assembly.loadPolicies(invocation.configuration())
                known[key] = set
                return set
            } catch let errors as PolicyErrors {
                throw invocation.diagnosed(errors.diagnostics)
            }
        }
    }

    // MARK: - Running

    private static func frames(_ test: PolicyTest, of file: PolicyTestFile, _ policies: PolicySet) throws -> [Frame] {
        switch test.source {
        case .series(let given): return given.frames(policies, mode: test.mode)
        case .tape(let path, _): return try frames(tape: resolve(path, beside: file.file), policies, test)
        }
    }

    /// The ticks of a tape, through the same decoding as live polls.
    private static func frames(tape: String, _ policies: PolicySet, _ test: PolicyTest) throws -> [Frame] {
        var reader = try TapeReader(path: tape)
        var settings = MonitorSettings()
        settings.mode = test.mode ?? .enforce
        settings.telling.zone = test.zone
        settings.follow(reader.header)
        for index in settings.runtimes.indices { settings.runtimes[index].labels = test.labels }
        var replay = TapeReplay(settings: settings, policies: policies, followsTape: false, state: reader.state)
        var frames: [Frame] = []
        while let line = try reader.next() {
            guard let result = replay.take(line) else { continue }
            frames.append(Frame(readings: result.readings, outcome: result.outcome, plan: result.plan))
        }
        guard !frames.isEmpty else {
            throw CommandFailure("\(tape) holds no tick: nothing would be decided on it", code: .configuration)
        }
        return frames
    }

    // MARK: - Telling

    private static func text(_ tests: PolicyTestResults, _ terminal: Terminal) -> String {
        let (results, failed) = (tests.results, tests.failed)
        let rows = results.map { result in
            [
                result.passed ? terminal.paint("ok", .green) : terminal.paint("FAIL", .red), result.name,
                "\(result.lines.count - result.failures.count) of \(result.lines.count)", "\(result.ticks)",
                result.fired.isEmpty ? "-" : result.fired.joined(separator: ", "),
            ]
        }
        var text = terminal.table(["", "TEST", "AS EXPECTED", "STEPS", "FIRED"], rows)
        for result in results where !result.passed { text += "\n" + result.diff }
        text += "\n\(results.count) test\(results.count == 1 ? "" : "s"), "
        return text + (failed == 0 ? "all as expected\n" : "\(failed) not as expected\n")
    }

    private static func save(_ text: String, to path: String) throws {
        guard let file = fopen(path, "we") else {
            throw CommandFailure("cannot write \(path): \(String(cString: strerror(errno)))")
        }
        let bytes = Array(text.utf8)
        let isWritten = fwrite(bytes, 1, bytes.count, file) == bytes.count
        guard fclose(file) == 0, isWritten else {
            throw CommandFailure("cannot write \(path): \(String(cString: strerror(errno)))")
        }
    }
}

/// A POSIX extended regular expression.
final class Pattern {
    private var compiled = regex_t()

    init(_ text: String) throws(UsageError) {
        let code = regcomp(&compiled, text, REG_EXTENDED | REG_NOSUB)
        guard code == 0 else {
            var words = [CChar](repeating: 0, count: 200)
            regerror(code, &compiled, &words, words.count)
            let why = String(decoding: words.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            throw UsageError("'\(text)' is no regular expression: \(why)")
        }
    }

    deinit { regfree(&compiled) }

    func matches(_ text: String) -> Bool { regexec(&compiled, text, 0, nil, 0) == 0 }
}
