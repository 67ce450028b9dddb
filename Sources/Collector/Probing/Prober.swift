import Ambient
import HTTP
import Model

/// With what services are looked at; one for all of them.
public struct Prober: Sendable {
    let client: HTTPClient
    let wire: WireClient
    let clock: any Clock
    let slots: CallSlots

    /// - Parameters:
    ///   - client: for what is asked by HTTP.
    ///   - network: authorities and a certificate of our own, for all else. Proxies are for HTTP alone.
    public init(client: HTTPClient, network: NetworkOptions = NetworkOptions(), clock: any Clock = SystemClock()) {
        self.client = client
        self.clock = clock
        wire = WireClient(network: network)
        slots = CallSlots(256)
    }

    func result(_ check: ServiceCheck, timeout: TimeSpan) async -> ProbeResult {
        let wires = WireProbes(wire: wire, timeout: timeout, clock: clock)
        let blocking = BlockingProbes(slots: slots, timeout: timeout, clock: clock)
        switch check {
        case .http(let check): return await HTTPProbe(client: client, wire: wire, clock: clock).look(check, timeout: timeout)
        case .tcp(let place): return await wires.tcp(place)
        case .tls(let place, let check): return await wires.tls(place, check)
        case .dns(let check): return await blocking.dns(check)
        case .icmp(let host): return await blocking.icmp(host)
        case .mongodb(let place, let check): return await wires.mongodb(place, check)
        case .postgres(let place, let check): return await wires.postgres(place, check)
        case .redis(let place, let tls): return await wires.redis(place, tls)
        }
    }
}

/// A service that is looked at.
public struct ServiceLook: Look {
    private let prober: Prober
    private let check: ServiceCheck
    private let timeout: TimeSpan

    public init(_ check: ServiceCheck, timeout: TimeSpan, by prober: Prober) {
        self.prober = prober
        self.check = check
        self.timeout = timeout
    }

    public func look() async -> Observation.Outcome {
        let result = await prober.result(check, timeout: timeout)
        return .answer(Observation.Answer(look: result.document(of: check.place, at: prober.clock.now())))
    }
}
