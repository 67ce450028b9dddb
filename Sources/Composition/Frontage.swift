import Actions
import Ambient
import Configuration
import Daemon
import Journal
import Model
import Server
import Synchronization
import Views
import Web

/// What a monitor shows to others, whatever it is to its database: the gate, where a proxy asks it, and where page and API are.
/// One that stood by and becomes the engine keeps it all, so that nobody is turned away and the gate forgets nothing.
package final class Frontage: Sendable {
    package let gate: Gate?
    let texts: GateTexts
    let page: Face
    /// Who has one may read and press; looked up anew at each use.
    let tokens: TokenFile
    /// Where the proxy asks the gate.
    private let server: HTTPServer?
    /// Where others look, when that is another address: the gate's is for the proxy.
    private let face: HTTPServer?
    private let isPageShown = Mutex(true)
    /// Shows the page once its certificate can be used.
    private let patience = Mutex<Task<Void, Never>?>(nil)
    /// Whether what is measured is shown at the gate's address, which has no page.
    private let isHere: Bool
    private let clock: FrontClock
    private let answers = Answers()
    private let logger: Logger

    /// Who answers now.
    private final class Answers: Sendable {
        let gate = HandlerSlot(Answers.notYet)
        let page = HandlerSlot(Answers.notYet)

        private static let notYet: HTTPServer.Handler = { _ in .problem(503, "Not yet", "the monitor is starting") }
    }

    /// - Parameter first: the clock of gate and page until ``follow(_:)`` gives another.
    init(_ assembly: Assembly, _ folder: StateFolder, clock first: any Clock, logger: Logger) {
        let configuration = assembly.configuration
        self.logger = logger
        let clock = FrontClock(first)
        self.clock = clock
        var texts = GateTexts()
        if let text = configuration.gate?.text {
            (texts.paused, texts.packDisabled, texts.startsPerMinute, texts.openRuns) = (text, text, text, text)
        }
        self.texts = texts
        tokens = TokenFile(folder)
        let table = GateTable(runtimes: configuration.runtimes.map(\.name), texts: texts)
        gate = configuration.gate.map { _ in Gate(table: table, isFirst: false) { clock.now() } }
        let isElsewhere = configuration.server.map { $0.value.description != configuration.gate?.listen.description } ?? false
        isHere = configuration.server != nil && !isElsewhere
        if isHere, configuration.certificate != nil {
            logger.warning(
                "the certificate is not used: 'server' names the gate's address, which is for a proxy on this machine; give it one of its own"
            )
        }
        page = Face(
            folder, Overview.Surroundings(configuration), isLoopback: configuration.server?.value.isLoopback ?? false,
            token: configuration.readToken.map {
                CachedSecret($0.value, what: "the token of whoever reads the page", in: assembly.environment)
            },
            publicURL: configuration.publicURL?.value, proxies: configuration.trustedProxies?.value,
            proxySecret: configuration.trustedSecret.map {
                CachedSecret($0.value, what: "the secret of the trusted proxies", in: assembly.environment)
            },
            environment: assembly.environment, clock: clock)
        let answers = answers
        server = configuration.gate.map { settings in
            HTTPServer(
                listen: settings.listen.host, port: settings.listen.port, options: Frontage.options("gate", .questions, logger)
            ) { request in answers.gate.answer(request) }
        }
        face = (isElsewhere ? configuration.server : nil).map {
            HTTPServer(listen: $0.value.host, port: $0.value.port, options: Frontage.lookers(configuration, logger)) { request in
                answers.page.answer(request)
            }
        }
    }

    private static func options(_ server: String, _ base: HTTPServer.Options, _ logger: Logger) -> HTTPServer.Options {
        var options = base
        options.onRefused = { refused in
            logger.warning(
                server == "gate"
                    ? "the gate turned connections away: more at a time than it takes, and whoever asked got no answer"
                    : "the page turned connections away",
                [
                    "of_one_address": .integer(Int64(refused[.address])), "of_all": .integer(Int64(refused[.full])),
                    "too_slow": .integer(Int64(refused[.late])), "metric": .text("mozaiks_ops_connections_refused_total"),
                ])
        }
        return options
    }

    /// Only at an address of its own: whoever looks at a page must not stand before a proxy that asks the gate.
    private static func lookers(_ configuration: Configuration, _ logger: Logger) -> HTTPServer.Options {
        var lookers = HTTPServer.Options.questions
        // A page that takes long, and a reader that takes long, hold up a thread and nobody else.
        lookers.mode = .threadPerConnection
        lookers.maxConnections = 256
        // However many look: who asks the gate waits for an answer before a run starts, and who looks at a page does not notice.
        lookers.niceness = 10
        lookers.maxBodyBytes = Face.longestBody
        (lookers.maxTargetBytes, lookers.maxHeaderBytes) = (Face.longestTarget, Face.longestHeaders)
        lookers.certificate = configuration.certificate.map { ServerCertificate(certificate: $0.value.certificate, key: $0.value.key) }
        lookers.onRenewed = { fault in
            guard let fault else { return logger.info("the page shows a renewed certificate") }
            logger.error("the certificate's files cannot be used: the page goes on with what it showed before", ["why": .text("\(fault)")])
        }
        return options("page", lookers, logger)
    }

    // MARK: Who answers

    /// Has questions answered with what is measured by these instruments and this health from here on.
    func show(_ instruments: Instruments, clock next: any Clock, health: @escaping @Sendable () -> DaemonHealth) {
        clock.follow(next)
        if let server { instruments.watch(server.tally, of: "gate") }
        if let face { instruments.watch(face.tally, of: "page") }
        page.hear { health().standstills }
        let endpoints = MonitorEndpoints(
            gate: gate, health: health, gateAnswered: { instruments.gateAnswered(inSeconds: $0) }, more: isHere ? [instruments.route] : [])
        let looks = MonitorEndpoints(gate: nil, health: health, more: [instruments.route], others: page.answer)
        answers.gate.replace(with: endpoints.answer)
        answers.page.replace(with: looks.answer)
    }

    /// Where a proxy asks the gate; nil: nowhere.
    package var gateAddress: String? { server?.url }

    /// Where the page is; nil: nowhere.
    package var pageAddress: String? { isPageShown.withLock { $0 } ? face?.url : nil }

    /// Whether there is an address for a page at all.
    var wantsPage: Bool { face != nil }

    /// Listens from here on; a second call does nothing.
    package func start() throws {
        try server?.start()
        do throws(ServerError) {
            try face?.start()
        } catch {
            guard error.operation == ServerError.showingCertificate else { throw error }
            // What nobody could look at is no reason to watch nothing: it may have ended on a Saturday.
            isPageShown.withLock { $0 = false }
            logger.error(
                "page and API cannot be shown, and everything else goes on without them",
                [
                    "why": .text(error.cause), "certificate": .text(error.address),
                    "hint": .text(error.hint + "; they are shown within seconds once it can be used"),
                ])
            awaitCertificate()
        }
    }

    /// Looks every few seconds whether somebody has put the certificate right.
    private func awaitCertificate() {
        let task = Task { [self] in
            while (try? await clock.sleep(for: .seconds(5))) != nil {
                guard (try? face?.start()) != nil, !Task.isCancelled else { continue }
                isPageShown.withLock { $0 = true }
                logger.info("page and API are shown: the certificate can be used now", ["page": .text(pageAddress ?? "none")])
                return
            }
        }
        patience.withLock { $0 = task }
    }

    package func stop() {
        patience.withLock { $0 }?.cancel()
        server?.stop()
        face?.stop()
    }
}

/// A clock in whose place another may come, once it is known what the journal has seen.
private final class FrontClock: Clock {
    private let current: Mutex<any Clock>

    init(_ first: any Clock) { current = Mutex(first) }

    func follow(_ next: any Clock) { current.withLock { $0 = next } }

    private var base: any Clock { current.withLock { $0 } }

    func now() -> Timestamp { base.now() }
    func monotonicNanoseconds() -> UInt64 { base.monotonicNanoseconds() }
    func sleep(for span: TimeSpan) async throws(CancellationError) { try await base.sleep(for: span) }
}
