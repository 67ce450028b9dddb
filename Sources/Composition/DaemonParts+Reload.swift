import Ambient
import Configuration
import Cycle
import Daemon
import Model
import Policy
import Views
import Web
import YAML

extension DaemonParts {
    /// Reads configuration and policies anew. With errors the old ones stay, and the log says so.
    /// - Parameter load: reads the configuration with what the command line says on top.
    package func reload(_ notifier: SystemdNotifier, _ load: () throws -> Configuration) async {
        _ = notifier.notify(.reloading(monotonicNanoseconds: clock.monotonicNanoseconds()))
        do {
            let configuration = try load()
            let policies = try Assembly.loadPolicies(configuration)
            guard !configuration.watched.isEmpty else {
                throw NothingToWatch(description: configuration.emptyShard?.message ?? "no runtime to watch")
            }
            // Routes may name new channels from here on, and those need senders.
            await core.reload(settings: Assembly.settings(configuration), policies: policies)
            let changed = await senders.follow(configuration.channels) { settings in
                Sender(
                    channel: assembly.channel(settings), core: core, pace: settings.pace, clock: clock, logger: logger)
            }
            report(configuration.warnings + policies.warnings + Strangers(configuration, policies).warnings)
            if !changed.isEmpty { warnOfSecrets(configuration) }
            let old = inForce.withLock { inForce in
                defer { inForce = (configuration, policies) }
                return inForce
            }
            let difference = ReloadReport(running: assembly.configuration, old: old, new: (configuration, policies))
            logger.info(
                "reloaded",
                [
                    "channels": .text(changed.isEmpty ? "none" : changed.joined(separator: ",")),
                    "changed": .text(difference.changed.isEmpty ? "nothing" : difference.changed.joined(separator: "; ")),
                ])
            if !difference.ignored.isEmpty {
                logger.warning(
                    "ignored until a restart: runtimes, adapters, who approves, listeners and all that is made at the start",
                    ["settings": .text(difference.ignored.joined(separator: "; "))])
            }
            front.page.follow(Overview.Surroundings(configuration))
            sayWhatIsInForce(configuration, policies)
        } catch let error as ConfigurationErrors {
            refuse(error.diagnostics)
        } catch let error as PolicyErrors {
            refuse(error.diagnostics)
        } catch {
            logger.error(DaemonParts.refusal, ["why": .text("\(error)")])
        }
        _ = notifier.notify(.ready)
    }

    /// Rules and channels that count from here on.
    package func sayWhatIsInForce(_ configuration: Configuration, _ policies: PolicySet) {
        let names = configuration.channels.map(\.name)
        logger.info(
            "in force",
            [
                "mode": .text(min(configuration.mode.value, policies.defaultPolicy.mode).rawValue),
                "rules": .text(ReloadReport.rules(policies)),
                "channels": .text(names.isEmpty ? "none" : names.joined(separator: ",")),
                "policies": .text(configuration.policies.value ?? "built in"),
            ])
    }

    private func warnOfSecrets(_ configuration: Configuration) {
        for text in Assembly.unreadable(configuration, assembly.environment) {
            logger.warning("what the configuration names cannot be had", ["why": .text(text)])
        }
    }

    private static let refusal = "reload failed, the old configuration and policies stay in force"

    private func refuse(_ diagnostics: [Diagnostic]) {
        report(diagnostics)
        logger.error(DaemonParts.refusal, ["errors": .integer(Int64(diagnostics.filter { $0.severity == .error }.count))])
    }

    /// A line of the log for each, so that a log's reader is not met by paragraphs.
    private func report(_ diagnostics: [Diagnostic]) {
        for fault in diagnostics {
            let place = fault.line == 0 ? fault.file : "\(fault.file):\(fault.line):\(fault.column)"
            let fields: Logger.Fields = [
                "at": .text(place), "code": .text(fault.code), "why": .text(fault.message), "hint": .text(fault.hint ?? "-"),
            ]
            fault.severity == .error ? logger.error("reload", fields) : logger.warning("reload", fields)
        }
    }
}

private struct NothingToWatch: Error, CustomStringConvertible {
    let description: String
}
