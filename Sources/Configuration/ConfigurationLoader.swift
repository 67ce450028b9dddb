import Ambient
import Glibc
import Journal
import Model
import Settings
import YAML

/// What the command line says; nil where it says nothing.
public struct ConfigurationFlags: Sendable {
    public var config: String?
    public var mode: String?
    public var interval: String?
    public var state: String?
    public var policies: String?
    /// Base URL of a runtime; takes the place of all configured ones.
    public var url: String?
    /// `2/5`.
    public var shard: String?

    public init(
        config: String? = nil, mode: String? = nil, interval: String? = nil, state: String? = nil,
        policies: String? = nil,
        url: String? = nil, shard: String? = nil
    ) {
        self.config = config
        self.mode = mode
        self.interval = interval
        self.state = state
        self.policies = policies
        self.url = url
        self.shard = shard
    }
}

/// Everything wrong with a configuration. Exit code 78.
public struct ConfigurationErrors: Error, Sendable, CustomStringConvertible {
    public let diagnostics: [Diagnostic]

    public var description: String { diagnostics.map(\.description).joined(separator: "\n\n") }
}

/// Finds and reads the configuration: flags over environment over file over defaults.
public struct ConfigurationLoader {
    private let environment: Environment
    private let flags: ConfigurationFlags
    private let folders: [String]
    private let isRoot: Bool

    /// - Parameter systemFolder: where the machine's configuration lies; other in tests.
    public init(
        _ flags: ConfigurationFlags = ConfigurationFlags(), in environment: Environment, workingFolder: String = ".",
        systemFolder: String = "/etc/mozaiks-ops", isRoot: Bool = geteuid() == 0
    ) {
        self.flags = flags
        self.environment = environment
        self.isRoot = isRoot
        let home = environment.absolutePath("XDG_CONFIG_HOME") ?? environment.nonEmpty("HOME").map { $0 + "/.config" }
        folders = [workingFolder] + (home.map { [$0 + "/mozaiks-ops"] } ?? []) + [systemFolder]
    }

    /// The configuration, or everything wrong with it at once.
    /// - Parameter willRead: called before anything of it is read closely, with whether it can be seen by then that neither flag
    ///   nor file names policies: what the built-in ones need can begin meanwhile.
    public func load(willRead: (_ namesNoPolicies: Bool) -> Void = { _ in }) throws(ConfigurationErrors) -> Configuration {
        guard let file = find() else {
            willRead(flags.policies == nil)
            return try read(nil)
        }
        let bytes: [UInt8]
        do throws(FileReading.Failure) {
            bytes = try FileReading.source(file.path)
        } catch {
            throw ConfigurationErrors(diagnostics: [unreadable(file, error)])
        }
        willRead(flags.policies == nil && !String(decoding: bytes, as: UTF8.self).contains(bytesOf: "policies"))
        return try read((file.path, bytes))
    }

    /// The state folder as far as it can be told, and everything wrong with the configuration: for what must work when everything
    /// else is broken. What else the file holds does not matter; where it is no YAML at all, its line `state:` is read by itself.
    public func stateFolder() -> (folder: Setting<StateName>, faults: [Diagnostic]) {
        guard let file = find() else {
            let found = assemble(nil)
            return (found.configuration.state, found.diagnostics)
        }
        let bytes: [UInt8]
        do throws(FileReading.Failure) {
            bytes = try FileReading.source(file.path)
        } catch {
            // Of one that is too large the beginning may still say where the folder is.
            let head = (try? FileReading.bytes(file.path, limit: SourceText.longest)) ?? []
            return (assemble((file.path, stateLine(head) ?? [])).configuration.state, [unreadable(file, error)])
        }
        let found = assemble((file.path, bytes))
        if !found.isYAML, let line = stateLine(bytes) {
            return (assemble((file.path, line)).configuration.state, found.diagnostics)
        }
        return (found.configuration.state, found.diagnostics)
    }

    /// The first line that begins with `state:`, where it stands in the file; nil when there is none.
    private func stateLine(_ bytes: [UInt8]) -> [UInt8]? {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard let index = lines.firstIndex(where: { $0.starts(with: "state:".utf8) }) else { return nil }
        return [UInt8](repeating: UInt8(ascii: "\n"), count: index) + lines[index]
    }

    private func unreadable(_ file: (path: String, hint: String), _ error: FileReading.Failure) -> Diagnostic {
        Diagnostic("unreadable", "cannot read it: \(error.reason)", file: file.path, line: 0, hint: file.hint)
    }

    /// Nil when no file is named and none lies where one could.
    private func find() -> (path: String, hint: String)? {
        if let path = flags.config { return (path, "named by --config") }
        if let path = environment.nonEmpty("MOZAIKS_OPS_CONFIG") { return (path, "named by $MOZAIKS_OPS_CONFIG") }
        for folder in folders {
            let path = folder == "." ? "mozaiks-ops.yaml" : folder + "/mozaiks-ops.yaml"
            if access(path, F_OK) == 0 { return (path, "mozaiks-ops.yaml is looked for in \(folder)") }
        }
        return nil
    }

    /// Reads a configuration from bytes, for tests and for what was just read from a file.
    func read(_ file: (path: String, bytes: [UInt8])?) throws(ConfigurationErrors) -> Configuration {
        let found = assemble(file)
        var configuration = found.configuration
        guard !found.diagnostics.contains(where: { $0.severity == .error }) else {
            throw ConfigurationErrors(diagnostics: found.diagnostics)
        }
        configuration.warnings = found.diagnostics
        configuration.entries = ConfigurationEntries.list(configuration)
        return configuration
    }

    /// What can be read, with the defaults in place of what cannot, and what is wrong.
    private func assemble(
        _ file: (path: String, bytes: [UInt8])?
    ) -> (configuration: Configuration, diagnostics: [Diagnostic], isYAML: Bool) {
        let reporter = Reporter(source: SourceText(file: file?.path ?? "environment", bytes: file?.bytes ?? []))
        let reader = ConfigurationReader(reporter: reporter, environment: environment)
        var configuration = reader.defaults(isRoot: isRoot)
        let root = file == nil ? nil : YAMLParser.parse(reporter)
        if let root { reader.read(root, into: &configuration) }
        configuration.file = file?.path
        let overrides = ConfigurationOverrides(environment: environment, flags: flags)
        let faults = overrides.apply(to: &configuration) + ShardSplit.apply(to: &configuration)
        for index in configuration.channels.indices {
            configuration.channels[index].template.zone = configuration.tellingOptions.zone
            configuration.channels[index].template.page = configuration.publicURL?.value
        }
        reader.checkReferences(configuration)
        reader.checkApprovals(configuration)
        let all = Set((reporter.diagnostics + faults).map(SensitiveLine.hiding)).sorted()
        return (configuration, all, file == nil || root != nil)
    }
}
