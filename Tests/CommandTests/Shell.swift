import Glibc
import JSONParsing
import Model
import TestKit
import Testing

/// Somebody at a terminal with the built program: a home folder, a state folder, and an environment of their own.
struct Shell {
    typealias Ending = RunningProgram.Ending

    let folder = TemporaryFolder()
    /// On top of `HOME` and the state folder.
    var environment: [String: String] = [:]

    /// Where the journal will be; not there yet.
    var state: String { folder.path("state") }

    init(_ environment: [String: String] = [:]) {
        self.environment = environment
    }

    /// Runs one command to its end.
    @discardableResult
    func run(_ words: String..., atMost seconds: Int = 30) throws -> Ending {
        try start(words, atMost: seconds).waitForEnd()
    }

    func run(_ words: [String]) throws -> Ending { try start(words).waitForEnd() }

    /// Starts a command and leaves it running.
    func start(_ words: [String], atMost seconds: Int = 30) throws -> RunningProgram {
        try RunningProgram(Shell.program, words, environment: variables, in: folder.path, atMost: seconds)
    }

    /// The same below a program that changes what it may do: `sh -c …`, `setpriv …`.
    func run(below wrapper: [String], _ words: [String]) throws -> Ending {
        try start(below: wrapper, words).waitForEnd()
    }

    func start(below wrapper: [String], _ words: [String]) throws -> RunningProgram {
        try RunningProgram(
            wrapper[0], wrapper.dropFirst() + [Shell.program] + words, environment: variables, in: folder.path)
    }

    private var variables: [String: String] {
        ["HOME": folder.path, "PATH": "/usr/bin:/bin", "MOZAIKS_OPS_STATE": state]
            .merging(environment) { _, given in given }
    }

    /// Whether the program can speak to a server of PostgreSQL here: its library is opened when it is needed.
    static let hasPostgres = dlopen("libpq.so.5", RTLD_LAZY) != nil

    /// The program as it was built with these tests.
    static let program = RunningProgram.built

    /// The repository's folder with recorded answers, such as `busy`.
    static func recording(_ name: String) -> String { Fixtures.copies + "/" + name }
}

extension RunningProgram.Ending {
    /// What it printed, as JSON.
    func json() throws -> JSON { try JSON(parsing: Array(output.utf8)) }

    var firstLine: String { String(output.prefix { $0 != "\n" }) }
}

extension Shell {
    /// Writes `mozaiks-ops.yaml` for one runtime `shared`, looked at every second.
    func configure(_ url: String, _ more: String = "") {
        folder.write(
            """
            schema: mozaiks.ops/config/v1
            mode: enforce
            interval: 1s
            policies: \(folder.path("policies"))
            runtimes: {shared: {replicas: ["\(url)"]}}
            \(more)

            """, to: "mozaiks-ops.yaml")
    }
}

/// A folder of policies whose rules are true of `busy` at once: no waiting.
enum QuickPolicy {
    /// - Parameters:
    ///   - hold: the rules' `for`.
    ///   - severity: of `crowded`, true of a runtime with more than one open run.
    static func write(to folder: TemporaryFolder, hold: String = "0s", severity: String = "warning") -> String {
        mkdir(folder.path("policies"), 0o700)
        folder.write(
            """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            mode: enforce
            window: 5s
            clear_after: 1s
            thresholds: {crowd: 1}
            allowed_actions: [notify, throttle]
            rules:
              runtime-down:
                subject: runtime
                when: up == 0
                for: \(hold)
                severity: critical
                summary: The runtime answers nobody.
              crowded:
                subject: runtime
                when: open_runs > $crowd
                for: \(hold)
                severity: \(severity)
                summary: More open runs than we like.
                next_steps: [Look who started them.]

            """, to: "policies/ops_policy.default.yaml")
        return folder.path("policies")
    }
}
