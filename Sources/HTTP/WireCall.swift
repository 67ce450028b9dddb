import Ambient
import Model

/// One connection to one server, with or without TLS, and what is said on it.
public struct WireCall: Sendable {
    /// A name or an address; IPv6 without brackets.
    public var host: String
    public var port: UInt16
    public var isEncrypted = false
    /// Off where the certificate itself is looked at, and only there: anybody may answer.
    public var verifiesPeer = true
    /// Authorities and a certificate of our own.
    public var tls = TLSFiles()
    /// A folder of accepted authorities, named by their hashes.
    public var caFolder: String?
    /// From the look-up of the name to the last byte. Milliseconds, above 0.
    public var timeoutMs = 10_000
    /// Bytes that are read in all; a server that says more than this is none that was asked for.
    public var readLimit = 1 << 20

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// `tls://db.example:443`, `tcp://[::1]:5432`
    var location: String { "\(isEncrypted ? "tls" : "tcp")://\(authority)" }
    /// With brackets where an address has colons.
    fileprivate var authority: String { (host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host) + ":\(port)" }
    /// What libcurl is given, which makes the connection and says nothing on it.
    var url: String { "\(isEncrypted ? "https" : "http")://\(authority)/" }
}

/// What came of a call.
public struct WireOutcome<Dialogue: WireDialogue>: Sendable {
    /// As it stood at the end.
    public var dialogue: Dialogue
    /// Nil where the dialogue itself was done, or the server ended it.
    public var error: HTTPError?
    public var phases = PhaseTimes()
    /// With TLS: when the first certificate of the chain that the server showed expires.
    public var certificateEnd: Timestamp?
    /// Numeric; empty where there was no connection.
    public var address = ""
}

/// Calls servers that speak no HTTP. libcurl finds the name, connects and does TLS, each within its time; each call has a
/// thread of its own, so that a server that answers nothing holds up no other.
public struct WireClient: Sendable {
    private let network: NetworkOptions
    /// Calls at the same time; more wait for nobody and fail with `overloaded`.
    private let slots: CallSlots

    public init(network: NetworkOptions = NetworkOptions(), mostCalls: Int = 256) {
        self.network = network
        slots = CallSlots(mostCalls)
    }

    /// Calls, and returns when the dialogue is done, the server has closed, the time is up or, within a second, the task was
    /// cancelled. Never by a proxy.
    public func call<Dialogue: WireDialogue>(_ call: WireCall, _ dialogue: Dialogue) async -> WireOutcome<Dialogue> {
        var call = call
        call.tls = call.tls.over(network.tls)
        call.caFolder = call.caFolder ?? network.caFolder
        func failed(_ kind: HTTPError.Kind) -> WireOutcome<Dialogue> {
            WireOutcome(dialogue: dialogue, error: HTTPError(kind, what: "connect", location: call.location))
        }
        if let flaw = call.flaw { return failed(.invalidRequest(flaw)) }
        guard slots.take() else { return failed(.overloaded(limit: slots.most)) }
        defer { slots.give() }
        let handle = WireHandle(call, dialogue)
        return await withTaskCancellationHandler {
            await OwnThread.run { handle.perform() } ?? failed(.other(code: 0, "no thread left"))
        } onCancel: {
            handle.isCancelled.store(true, ordering: .releasing)
        }
    }
}

extension WireCall {
    /// Why it cannot be made. The host becomes part of a URL, and must not become more of it.
    fileprivate var flaw: String? {
        let isHost =
            !host.isEmpty && host.utf8.count <= 253
            && host.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && !"/?#@[]%\\\"<>^`{|}".utf8.contains($0) }
        if !isHost { return "its host is no name and no address" }
        if port == 0 { return "port 0" }
        return (1...86_400_000).contains(timeoutMs) ? nil : "timeout of \(timeoutMs) ms is not within 1 ms and a day"
    }
}
