import Guard
import Model
import Settings

/// The lines of `config show`.
enum ConfigurationEntries {
    static func list(_ configuration: Configuration) -> [SettingEntry] {
        func plain(_ key: String, _ value: String) -> SettingEntry {
            SettingEntry(key: key, value: value, origin: configuration.origins[key] ?? .builtIn)
        }
        var entries = [
            setting("environment", configuration.environment),
            setting("mode", configuration.mode, configuration.mode.value.rawValue),
            setting("interval", configuration.interval), setting("state", configuration.state),
            setting("policies", configuration.policies, configuration.policies.value ?? "(built in)"),
            setting("playbooks", configuration.playbooks, configuration.playbooks.value ?? "(built in)"),
        ]
        if let shard = configuration.shard { entries.append(setting("shard", shard)) }
        entries += ShardSplit.entries(configuration)
        entries += configuration.runtimes.flatMap(list)
        entries += configuration.hosts.flatMap { $0.entries(carries: configuration.carried(by: $0)) }
        entries += configuration.services.flatMap(\.entries)
        entries += configuration.polling.shown.map(plain)
        entries += configuration.network.entries
        entries.append(setting("history.retain", configuration.historyRetention, "\(configuration.historyRetention.value)"))
        entries += configuration.gate?.entries ?? []
        for adapter in configuration.adapters {
            entries += adapter.shown.map { SettingEntry(key: "actions.\(adapter.name).\($0.key)", value: $0.value, origin: adapter.origin) }
        }
        for adapter in configuration.adapters { entries += adapter.tls.entries("actions.\(adapter.name)", adapter.origin) }
        entries += limits(configuration.actionLimits).map(plain)
        entries += configuration.slackApprovals?.shown.map(plain) ?? []
        entries += configuration.channels.flatMap(\.entries)
        for (index, route) in configuration.routes.enumerated() {
            entries.append(SettingEntry(key: "routes[\(index)]", value: route.text, origin: route.origin))
        }
        entries += TellingEntries.list(configuration.tellingOptions).map(plain)
        entries += configuration.heartbeat?.entries ?? []
        entries += configuration.advisor?.entries ?? []
        entries += server(configuration)
        if let apps = configuration.metricsApps { entries.append(setting("metrics.top", apps)) }
        entries += configuration.prices.map { model, price in
            plain("prices.\(model)", "{prompt: \(price.promptPerMillion) USD/M, completion: \(price.completionPerMillion) USD/M}")
        }
        return entries
    }

    private static func setting<T>(_ key: String, _ setting: Setting<T>, _ text: String? = nil) -> SettingEntry {
        SettingEntry(key: key, value: text ?? "\(setting.value)", origin: setting.origin)
    }

    private static func list(_ runtime: RuntimeSettings) -> [SettingEntry] {
        let key = "runtimes.\(runtime.name)"
        func own(_ name: String, _ value: String) -> SettingEntry {
            SettingEntry(key: "\(key).\(name)", value: value, origin: runtime.origin)
        }
        var entries = runtime.finding?.entries(key, runtime.origin) ?? [own("replicas", list(runtime.replicas))]
        if let metrics = runtime.watched.metrics { entries.append(own("metrics", "\(metrics)")) }
        entries.append(own("auth", runtime.authentication.shown))
        entries += runtime.tls.entries(key, runtime.origin)
        return entries + runtime.labels.inByteOrder(of: \.key).map { own("labels.\($0.key)", $0.value) }
    }

    private static func limits(_ limits: GuardOptions) -> [(key: String, value: String)] {
        let floor = limits.floor
        return [
            ("guard.protected", list(limits.protected.map(\.text))), ("guard.cooldown", "\(limits.cooldown)"),
            ("guard.per_app_hour", "\(limits.perAppHour)"), ("guard.total_hour", "\(limits.totalHour)"),
            ("guard.storm", "\(limits.stormIncidents) in \(limits.stormWindow)"),
            (
                "guard.floor",
                "{concurrent_workflows: \(floor.concurrentWorkflows ?? 0), "
                    + "requests_per_minute: \(floor.requestsPerMinute ?? 0)}"
            ),
            ("guard.max_lease", "\(limits.maxLease)"),
            ("guard.quiet_after_restart", "\(limits.quietAfterRestart)"),
            ("guard.quiet_after_fault", "\(limits.quietAfterFault)"),
            ("guard.blast_radius", "\(SettingReader.shown(percent: limits.blastPercent))%"),
            ("approvals.expire", "\(limits.approvalExpiry)"),
        ]
    }

    private static func server(_ configuration: Configuration) -> [SettingEntry] {
        var entries: [SettingEntry] = []
        if let server = configuration.server { entries.append(setting("server.listen", server)) }
        if let token = configuration.readToken {
            entries.append(setting("server.read_token", token, "from \(token.value.location)"))
        }
        if let url = configuration.publicURL { entries.append(setting("server.public_url", url)) }
        if let files = configuration.certificate { entries.append(setting("server.certificate", files)) }
        if let proxies = configuration.trustedProxies { entries.append(setting("server.trusted_proxies", proxies)) }
        if let secret = configuration.trustedSecret {
            entries.append(setting("server.trusted_secret", secret, "from \(secret.value.location)"))
        }
        return entries
    }

    private static func list(_ texts: [String]) -> String { "[" + texts.joined(separator: ", ") + "]" }
}
