import Composition
import Configuration
import Glibc
import Journal
import Model
import Policy
import Views
import Web

extension DoctorCommand {
    /// Whether an engine could use the state folder, and what is in it.
    static func examineState(_ configuration: Configuration, _ findings: inout Findings) {
        let folder: StateFolder
        do throws(JournalError) {
            folder = try StateFolder(existing: configuration.state.value)
        } catch {
            if error.cause != .missing {
                findings.add(.broken, "state: \(error.message)\(error.hint.map { "; \($0)" } ?? "")")
            } else if let why = faultOfMaking(configuration.state.value.description) {
                findings.add(.broken, "state: \(configuration.state.value) is not there and cannot be made: \(why)")
            } else {
                findings.add(.note, "state: \(configuration.state.value) is not there yet; the first check or run makes it")
            }
            return
        }
        var faults: [JournalError] = []
        if let fault = faultOfShard(configuration, folder) { faults.append(fault) }
        let holder = EngineLock.holder(of: folder)
        if holder == nil, let fault = EngineLock.fault(of: folder) { faults.append(fault) }
        var unread: Int64?
        do throws(JournalError) {
            unread = try Journal.examine(folder)
        } catch {
            switch error.cause {
            // In PostgreSQL: whoever starts next brings it up to date.
            case .olderSchema, .busy: break
            case .missing:
                guard folder.database != nil else { break }
                findings.add(.note, "state: there is no journal in \(folder.path) yet; the first check or run makes it")
                return
            default: faults.append(error)
            }
        }
        for fault in faults { findings.add(.broken, "state: \(fault.message)\(fault.hint.map { "; \($0)" } ?? "")") }
        if let holder {
            findings.add(
                holder.isKeeping ? .note : .ok,
                "state: \(folder.path), \(holder.isKeeping ? "a command on the journal is under way, and no engine runs meanwhile" : "an engine is running") (\(holder))"
            )
        } else if faults.isEmpty {
            findings.add(.ok, "state: \(folder.path)")
        }
        if let unread {
            findings.add(
                .note,
                "state: the journal has \(unread >> 20) MiB, of which not every page was read here; 'mozaiks-ops journal check' reads them all"
            )
        }
        do throws(TokenFile.Failure) {
            _ = try TokenFile(folder).book()
        } catch {
            findings.add(.broken, "tokens: \(error.description), so that no token opens anything\(error.hint.map { "; \($0)" } ?? "")")
        }
        switch folder.killSwitch {
        case true?: findings.add(.note, "the kill switch is on: no action until 'mozaiks-ops actions resume'")
        case nil: findings.add(.broken, "state: whether actions are stopped cannot be read: none is taken until it can")
        case false?: break
        }
    }

    /// That the state is another shard's; nil where it is this one's, or cannot be read, which is said anyway.
    private static func faultOfShard(_ configuration: Configuration, _ folder: StateFolder) -> JournalError? {
        guard let journal = try? Journal.open(folder, mode: .reader), let kept = try? journal.shard() else { return nil }
        return Journal.fault(of: kept, for: configuration.shard?.value, in: folder)
    }

    /// What routes, maintenance and the protected apps name and nobody has.
    static func examineNames(_ configuration: Configuration, _ policies: PolicySet, _ now: Timestamp, _ findings: inout Findings) {
        let strangers = Strangers(configuration, policies)
        for warning in strangers.warnings { findings.add(.note, warning.message + (warning.hint.map { "; \($0)" } ?? "")) }
        guard !configuration.actionLimits.protected.isEmpty else { return }
        let match = IncidentMatch(apps: configuration.actionLimits.protected.map { Glob($0.text) })
        let apps = SilencesCommand.seenApps(configuration)
        for stranger in strangers.find(in: match, apps: apps) {
            findings.add(.note, "guard: protected: \(stranger.message), so nothing is protected by that; \(stranger.hint)")
        }
    }

    /// Why a folder could not be made; nil where it could.
    private static func faultOfMaking(_ path: String) -> String? {
        var parent = path.hasPrefix("/") ? path : "./" + path
        while parent.utf8.count > 1, let slash = parent.lastIndex(of: "/") {
            parent = slash == parent.startIndex ? "/" : String(parent[..<slash])
            var status = stat()
            if stat(parent, &status) == 0 {
                guard status.st_mode & S_IFMT == S_IFDIR else { return "\(parent) is not a folder" }
                return access(parent, W_OK | X_OK) == 0 ? nil : "this user may not write to \(parent)"
            }
            if errno != ENOENT { return String(cString: strerror(errno)) }
        }
        return nil
    }
}
