import Ambient
import Collector
import Composition
import Configuration
import Cycle
import Glibc
import HTTP
import Journal
import Model
import Policy
import Telling
import Synchronization
import Views
import YAML

/// Options of the commands that read the configuration.
enum MonitorOptions {
    static let url = Option("url", value: "URL", "watch this runtime instead of the configured ones (also $MOZAIKS_RUNTIME_URL)")
    static let mode = Option("mode", value: "MODE", "observe, suggest or enforce; a policy's stricter mode wins")
    static let interval = Option("interval", value: "SPAN", "time between two polls, such as 10s")
    static let state = Option("state", value: "DIR", "folder of journal, lock and kill file, or a postgres:// URL")
    static let policies = Option("policies", value: "DIR", "folder of policy files (default: the built-in policy)")

    static let shard = Option("shard", value: "N/M", "watch the configured runtimes of this shard alone, such as 2/5")

    static let all = [url, mode, interval, state, policies, shard]
}

extension Invocation {
    /// - Parameters:
    ///   - takesPolicies: whether `--policies` stands for the configured ones; not where both are compared.
    ///   - willRead: see `ConfigurationLoader`.
    func loadConfiguration(
        takesPolicies: Bool = true, willRead: (_ namesNoPolicies: Bool) -> Void = { _ in }
    ) throws(ConfigurationErrors) -> Configuration {
        let configuration = try configurationLoader(takesPolicies: takesPolicies).load(willRead: willRead)
        KnownZone.note(configuration.telling.zone)
        return configuration
    }

    private func configurationLoader(takesPolicies: Bool = true) -> ConfigurationLoader {
        // Of `policy check --against` a runtime, of `replay --against` a folder.
        let against = arguments.value("against").flatMap { $0.hasPrefix("http://") || $0.hasPrefix("https://") ? $0 : nil }
        let flags = ConfigurationFlags(
            config: arguments.value("config"), mode: arguments.value("mode"), interval: arguments.value("interval"),
            state: arguments.value("state"), policies: takesPolicies ? arguments.value("policies") : nil,
            url: arguments.value("url") ?? against, shard: arguments.value("shard"))
        return ConfigurationLoader(flags, in: environment)
    }

    /// The state folder for what must work when everything else is broken: made if need be, with errors of the configuration as
    /// warnings on standard error.
    func stateFolderWhateverElse() throws -> StateFolder {
        try StateFolder(creating: namedStateFolder())
    }

    /// The state folder's path as far as the configuration tells it: its errors are shown, and do not matter.
    private func namedStateFolder() -> StateName {
        let (folder, faults) = configurationLoader().stateFolder()
        warn(faults)
        if faults.contains(where: { $0.severity == .error }) {
            remark(
                "the configuration has errors; the state folder is taken to be \(folder.value) (\(folder.origin)): name another with --state\n\n",
                .warning)
        }
        return folder.value
    }

    /// The configuration, with what the command line says on top. Warnings go to standard error.
    func configuration(
        takesPolicies: Bool = true, willRead: (_ namesNoPolicies: Bool) -> Void = { _ in }
    ) throws -> Configuration {
        do {
            let configuration = try loadConfiguration(takesPolicies: takesPolicies, willRead: willRead)
            warn(configuration.warnings)
            return configuration
        } catch {
            throw diagnosed(error.diagnostics)
        }
    }

    /// The configuration of a command that watches something.
    func watchingConfiguration(willRead: (_ namesNoPolicies: Bool) -> Void = { _ in }) throws -> Configuration {
        let configuration = try configuration(willRead: willRead)
        guard !configuration.watched.isEmpty else {
            if let words = configuration.emptyShard {
                throw CommandFailure(words.message, hint: words.hint, code: .configuration)
            }
            throw CommandFailure(
                "no runtime to watch",
                hint: "MOZAIKS_RUNTIME_URL=http://localhost:8000 mozaiks-ops …, or --url, or 'runtimes:' in mozaiks-ops.yaml",
                code: .configuration)
        }
        return configuration
    }

    func policies(_ configuration: Configuration) throws -> PolicySet {
        do {
            let policies = try Assembly.loadPolicies(configuration)
            warn(policies.warnings + Strangers(configuration, policies).warnings)
            return policies
        } catch {
            throw diagnosed(error.diagnostics)
        }
    }

    func assembly(_ configuration: Configuration) throws -> Assembly {
        // Logins are found out about by the first poll.
        for fault in Assembly.unreadable(configuration, environment, logins: false) {
            logger.warning("what the configuration names cannot be had: what needs it cannot be used as it is", ["why": .text(fault)])
        }
        return try Assembly(
            configuration, policies: try policies(configuration), environment: environment, clock: clock,
            version: Version.text, logger: logger)
    }

    /// Shows everything that is wrong at once, and ends with the code for configuration.
    func diagnosed(_ diagnostics: [Diagnostic]) -> CommandFailure {
        if wantsJSON {
            // Programs read standard output; without this they would get nothing there.
            write(OutputDocument(diagnostics))
        }
        let text = diagnostics.map(\.description).joined(separator: "\n\n")
        remark(text + "\n\n", .error)
        let errors = diagnostics.filter { $0.severity == .error }.count
        var failure = CommandFailure("\(errors) error\(errors == 1 ? "" : "s"), see above", code: .configuration)
        failure.first = diagnostics.first { $0.severity == .error }.map { fault in
            let place = fault.line == 0 ? fault.file : "\(fault.file):\(fault.line)"
            return "\(place): \(fault.message)" + (errors > 1 ? ", and \(errors - 1) more error\(errors == 2 ? "" : "s")" : "")
        }
        return failure
    }

    func warn(_ warnings: [Diagnostic]) {
        for warning in warnings {
            if arguments.has("quiet"), warning.severity != .error {
                HeldWarnings.add("\(warning)")
            } else {
                remark("\(warning)\n\n", warning.severity == .error ? .error : .warning)
            }
        }
    }

    /// The state folder for what only looks into the journal, or leaves a word in it for the engine that runs: of the configuration
    /// only the folder counts, errors in it are shown and do not matter.
    func stateFolderToLookInto() throws -> StateFolder {
        do {
            return try StateFolder(existing: namedStateFolder())
        } catch {
            throw CommandFailure(error.message, hint: error.hint)
        }
    }

    /// Its journal.
    func journalToLookInto() throws -> Journal { try journal(in: stateFolderToLookInto()) }

    func journal(in folder: StateFolder, mode: Journal.Mode = .reader) throws -> Journal {
        do {
            return try Journal.open(folder, mode: mode)
        } catch {
            throw CommandFailure(error.message, hint: error.hint)
        }
    }

    /// The state folder's journal for reading, while the engine may run.
    func journalForReading(_ configuration: Configuration, mode: Journal.Mode = .reader) throws -> Journal {
        do {
            return try Journal.open(StateFolder(existing: configuration.state.value), mode: mode)
        } catch {
            throw CommandFailure(error.message, hint: error.hint)
        }
    }
}

/// Warnings that `--quiet` holds back until it is known whether they are new.
enum HeldWarnings {
    private static let texts = Mutex<[String]>([])

    static func add(_ text: String) { texts.withLock { $0.append(text) } }
    static var all: [String] { texts.withLock { $0 } }
}
