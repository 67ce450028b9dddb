import Actions
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
import Server
import Signals
import Views

/// `doctor`: what this runtime can and cannot tell, in plain words.
enum DoctorCommand {
    static let command = Command(
        ["doctor"], "What your runtime can and cannot tell, what polling costs it, which actions would land",
        discussion: "Resolves, connects, authenticates and reads every endpoint, twice, some seconds apart. Nothing is written "
            + "or sent. Exit code 1 when something is broken.",
        options: MonitorOptions.all + [Option("wait", value: "SPAN", "between the two looks (default 3s)")],
        examples: [
            ("MOZAIKS_RUNTIME_URL=http://localhost:8000 mozaiks-ops doctor", "your runtime, with no configuration at all"),
            ("mozaiks-ops doctor -o json", "for a script"),
        ]
    ) { invocation in
        let configuration = try invocation.watchingConfiguration()
        let assembly = try invocation.assembly(configuration)
        var findings = Findings()
        examineSetup(configuration, assembly, invocation.clock.now(), &findings)
        await examineRunningServers(configuration, assembly, &findings)
        await examineReceivers(assembly, invocation, &findings)
        for fault in Assembly.unreadable(configuration, invocation.environment, logins: false) { findings.add(.broken, fault) }
        var pipeline = Pipeline(settings: assembly.settings, policies: assembly.policies)
        let poller = assembly.poller(clock: invocation.clock, logger: invocation.logger)
        let wait = try invocation.span("wait") ?? .seconds(3)
        var observations: [String: [Observation]] = [:]
        for look in 0..<2 {
            if look > 0 { try await invocation.clock.sleep(for: wait) }
            for target in assembly.targets where target.kind == .runtime {
                let known = pipeline.signals[target.runtime]?.expectedReplicas ?? []
                let seen = await poller.look(at: target, target.everything, known: known)
                for observation in seen { pipeline.take(observation) }
                observations[target.runtime] = seen
                // A balancer in front of two processes can give each endpoint to the same one in every look: asked a few
                // times more, one after the other, the cheapest endpoint meets them both.
                let answering = seen.filter { $0.endpoint == .events && $0.isFound }.map(\.replica)
                for _ in 0..<3 where look == 0 && !answering.isEmpty {
                    for observation in await poller.poll(target, answering.map { ($0, [Endpoint.events]) }) {
                        pipeline.take(observation)
                    }
                }
            }
            for (target, seen) in await poller.lookBeside(assembly.targets) {
                for observation in seen { pipeline.take(observation) }
                observations[target.runtime] = seen
            }
        }
        let inForce = intervalsInForce(configuration, assembly, invocation.clock.now())
        for target in assembly.targets {
            guard let result = pipeline.tick(target.runtime, now: invocation.clock.now()), let report = pipeline.report(result)
            else { continue }
            guard target.kind == .runtime else {
                BesideExamination(report: report, policies: assembly.policies).run(&findings)
                continue
            }
            let seen = observations[target.runtime] ?? []
            let probes = report.summary.replicas.map { replica in
                let own = seen.filter { $0.replica == replica.url }
                return (replica.url, RuntimeExamination.Probe(replica.url, own, assembly, hasGate: configuration.gate != nil))
            }
            let login = Login(
                settings: assembly.configuration.runtimes.first { $0.name == target.runtime },
                isAlone: assembly.configuration.runtimes.count == 1)
            let examination = RuntimeExamination(
                runtime: target.runtime, report: report, observations: seen,
                probes: Dictionary(probes) { first, _ in first }, settings: assembly.settings, policies: assembly.policies, login: login,
                tokenFault: await tokenFault(target), inForce: inForce[target.runtime],
                gateMode: configuration.gate.map { _ in min(configuration.mode.value, assembly.policies.defaultPolicy.mode) })
            examination.run(&findings)
        }
        await assembly.client.shutdown()
        invocation.print(text: findings.text(invocation.terminal), json: findings.document)
        return findings.isBroken ? .failure : .ok
    }

    /// How often the engine that runs polls the expensive endpoint of each runtime, by what it keeps; empty where none runs.
    private static func intervalsInForce(
        _ configuration: Configuration, _ assembly: Assembly, _ now: Timestamp
    ) -> [String: TimeSpan] {
        guard let folder = try? StateFolder(existing: configuration.state.value), EngineLock.holder(of: folder) != nil,
            let journal = try? Journal.open(folder, mode: .reader)
        else { return [:] }
        var kept = Pipeline(settings: assembly.settings, policies: assembly.policies)
        guard (try? kept.restore(from: journal, now: now, warn: { _ in })) != nil else { return [:] }
        return kept.signals.compactMapValues { signals in
            signals.newestObservation(of: .perf).map { _ in signals.effectiveInterval(of: .perf) }
        }
    }

    /// Why there is no token though one is configured.
    private static func tokenFault(_ target: Target) async -> String? {
        do {
            _ = try await target.authenticator.credential()
            return nil
        } catch {
            return error.description
        }
    }

    /// What can be said without asking the runtime.
    private static func examineSetup(_ configuration: Configuration, _ assembly: Assembly, _ now: Timestamp, _ findings: inout Findings) {
        findings.begin("Setup")
        findings.add(.ok, "configuration: \(configuration.file ?? "none, defaults and environment")")
        let policies = assembly.policies
        let count = policies.defaultRules.count
        if let proxy = assembly.network.proxyText {
            findings.add(.ok, "network: through the proxy \(proxy), but for this machine and what NO_PROXY or 'no_proxy' names")
        }
        findings.add(.ok, "policies: \(policies.defaultPolicy.file), \(count) rules, \(policies.policies.count - 1) apps with their own")
        if let words = configuration.shardWords { findings.add(.ok, "shard: \(words)") }
        examineState(configuration, &findings)
        for text in Assembly.exposures(configuration, assembly.environment) { findings.add(.note, text) }
        if configuration.channels.isEmpty {
            findings.add(.note, "channels: none, nobody is told; set MOZAIKS_SLACK_WEBHOOK_URL or 'channels:'")
        } else {
            findings.add(
                .ok,
                "channels: " + configuration.channels.map(\.name).joined(separator: ", ")
                    + ", as configured; 'mozaiks-ops notify test' shows whether they take messages")
            let unpaged = configuration.unpagedChannels
            if !unpaged.isEmpty {
                findings.add(
                    .note,
                    "environment '\(configuration.environment.value)' is not 'production': nobody is paged by "
                        + "\(unpaged.joined(separator: ", ")) (page_outside_production: true at a route allows it)")
            }
        }
        if let heartbeat = configuration.heartbeat {
            // That there is none is said with all that is named and cannot be had.
            if Assembly.hasHeartbeat(configuration, assembly.environment) {
                findings.add(.ok, "heartbeat: every \(heartbeat.interval), URL from \(heartbeat.url.location)")
            }
        } else {
            findings.add(
                .note, "heartbeat: none, nobody notices when this machine is gone; set MOZAIKS_HEARTBEAT_URL or 'heartbeat:'")
        }
        if let advisor = configuration.advisor {
            let key = advisor.apiKey.map { ", key from \($0.location)" } ?? ""
            findings.add(
                .ok, "advisor: \(advisor.model) of \(advisor.provider.rawValue)\(key); incidents are sent to it, see docs/advisor.md")
        }
        examineCertificate(configuration, now, &findings)
        examineNames(configuration, policies, now, &findings)
        examineOutbox(configuration, &findings)
        examinePlaybooks(policies, &findings)
        examineActions(configuration, policies, &findings)
        examinePlacements(configuration, &findings)
        examineListeners(configuration, &findings)
        if let text = configuration.readingByProxy { findings.add(.note, text) }
        if let text = configuration.localImpostors { findings.add(.note, text) }
    }

    /// Messages that wait or were given up; nothing to say without a journal.
    private static func examineOutbox(_ configuration: Configuration, _ findings: inout Findings) {
        let backlog: Backlog
        do throws(JournalError) {
            let journal = try Journal.open(StateFolder(existing: configuration.state.value), mode: .reader)
            backlog = try Backlog(journal, channels: configuration.channels.map(\.name))
        } catch {
            // Said above, or said by the commands that need it.
            return
        }
        for trouble in backlog.troubles { findings.add(.broken, "channel \(Rendering.trouble(trouble))") }
        for one in backlog.stranded { findings.add(.broken, "channel \(Rendering.stranded(one))") }
        let counts = backlog.counts
        let words = Rendering.outbox(counts)
        if counts.dead > 0 {
            findings.add(.note, "messages: \(words); see mozaiks-ops notify history --status dead")
        } else {
            findings.add(counts.pending > 0 ? .note : .ok, "messages: \(words)")
        }
    }

    private static func examinePlaybooks(_ policies: PolicySet, _ findings: inout Findings) {
        let without = PlaybooksCommand.references(policies).filter { $0.playbook == nil }.map(\.rule)
        guard !without.isEmpty else { return }
        let names = without.enumerated().filter { without.firstIndex(of: $1) == $0 }.map(\.element)
        findings.add(.note, "playbooks: none for \(names.joined(separator: ", ")); see mozaiks-ops playbooks check")
    }

    private static func examineActions(_ configuration: Configuration, _ policies: PolicySet, _ findings: inout Findings) {
        let mode = min(configuration.mode.value, policies.defaultPolicy.mode)
        let place = ModeWords.place(configured: configuration.mode.value, policy: policies.defaultPolicy).map { "; \($0)" } ?? ""
        let adapters = examineAdapters(configuration, &findings)
        guard let gate = configuration.gate else {
            if adapters { return examineMode(mode, place, &findings) }
            findings.add(
                .note,
                "actions: none would land; throttle, pause and disable_pack need the gate ('actions: {gate: {listen: "
                    + "127.0.0.1:9465}}' and docs/deploy/nginx.conf) or another place (docs/actions.md)")
            return
        }
        let allowed = policies.defaultPolicy.allowedActions.filter { $0 != .notify }.map(\.rawValue).joined(separator: ", ")
        findings.add(
            .ok,
            "actions: \(allowed.isEmpty ? "none allowed by policy" : allowed) would land at the gate on \(gate.listen), "
                + "as far as the reverse proxy or the runtime's extension asks it")
        examineQuestions(configuration, &findings)
        examineMode(mode, place, &findings)
    }

    /// Whether what should listen here could; nothing to say where an engine runs, which does.
    private static func examineListeners(_ configuration: Configuration, _ findings: inout Findings) {
        if let folder = try? StateFolder(existing: configuration.state.value), EngineLock.holder(of: folder) != nil { return }
        var places: [(what: String, listen: ListenAddress)] = []
        if let gate = configuration.gate { places.append(("gate", gate.listen)) }
        if let server = configuration.server?.value, server.description != configuration.gate?.listen.description {
            places.append(("server", server))
        }
        for (what, listen) in places where listen.port != 0 {
            let server = HTTPServer(listen: listen.host, port: listen.port, options: .questions) { _ in ServerResponse(status: 503) }
            do {
                try server.start()
                server.stop()
            } catch {
                findings.add(.broken, "\(what): 'run' could not listen on \(listen): \(error)")
            }
        }
    }

    /// Asks each adapter besides the gate, in ways that change nothing there: what it holds of ours, or what it would change.
    private static func examineReceivers(_ assembly: Assembly, _ invocation: Invocation, _ findings: inout Findings) async {
        let now = invocation.clock.now()
        let runtime = assembly.configuration.runtimes.first?.name ?? "default"
        for (settings, adapter) in zip(assembly.configuration.adapters, assembly.adapters) {
            let key = LeaseKey(kind: .throttle, runtime: runtime, app: settings.example ?? AppID("doctor"))
            let order = LeaseOrder(
                id: "lease-0000000000000000", key: key, effect: .throttle(Limits(concurrentWorkflows: 1, requestsPerMinute: 10)),
                createdAt: now, expiresAt: now + .minutes(1), reason: "doctor: a question only, nothing is to be done")
            var fault: String?
            if settings.example != nil {
                switch await adapter.prepare(order) {
                case .ready, .noop: break
                case .retry(_, let reason), .refused(let reason): fault = reason
                }
            } else if case .unknown(let reason) = await adapter.held([order]) {
                fault = reason
            }
            if let fault {
                findings.add(.broken, "actions: \(adapter.name) was asked and does not answer as it should: \(fault)")
            } else {
                findings.add(.ok, "actions: \(adapter.name) was asked, and answers")
            }
        }
    }

    /// Where leases land besides the gate, and who ends them. False where there is no such place.
    private static func examineAdapters(_ configuration: Configuration, _ findings: inout Findings) -> Bool {
        for adapter in configuration.adapters {
            let words = adapter.words
            findings.add(.ok, "actions: \(words.landing)")
            for note in words.notes { findings.add(.note, note) }
        }
        return !configuration.adapters.isEmpty
    }

    private static func examineMode(_ mode: Mode, _ place: String, _ findings: inout Findings) {
        switch mode {
        case .observe: findings.add(.note, "mode observe: actions are recorded as would-have, nothing is done\(place)")
        case .suggest: findings.add(.note, "mode suggest: actions wait for approval, nothing is done by itself\(place)")
        case .enforce: findings.add(.ok, "mode enforce: what policies allow is done")
        }
    }
}

extension Observation {
    var isFound: Bool {
        if case .answer(let answer) = outcome { answer.status == 200 } else { false }
    }
}

extension Findings {
    func text(_ terminal: Terminal) -> String {
        sections.map { section in
            terminal.paint(section.title, .bold) + "\n"
                + section.findings.map { finding in
                    let mark: String =
                        switch finding.grade {
                        case .ok: terminal.paint("ok    ", .green)
                        case .note: terminal.paint("note  ", .yellow)
                        case .broken: terminal.paint("BROKEN", .red)
                        }
                    let wrapped = Help.wrap(Shown.code(finding.text), width: max(60, terminal.width - 10))
                    return "  \(mark)  " + wrapped.joined(separator: "\n          ") + "\n"
                }.joined()
        }.joined(separator: "\n")
    }
}
