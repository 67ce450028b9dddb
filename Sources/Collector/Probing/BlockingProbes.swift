import Ambient
import Glibc
import HTTP
import Model

/// Looks that block their thread: names by the system's resolver, questions to name servers, pings.
struct BlockingProbes: Sendable {
    let slots: CallSlots
    let timeout: TimeSpan
    var clock: any Clock = SystemClock()

    /// Runs a look on a thread of its own; what the system does not come back from in time is waited for by nobody.
    private func run(_ what: String, _ look: @escaping @Sendable (_ deadline: UInt64) -> ProbeResult) async -> ProbeResult {
        guard slots.take() else { return .unknown(.stale, "\(slots.most) looks are under way already") }
        let deadline = clock.monotonicNanoseconds() + UInt64(max(1, timeout.milliseconds)) * 1_000_000
        let outcome = await OwnThread.run(atMost: timeout, clock: clock) {
            defer { slots.give() }
            return look(deadline)
        }
        switch outcome {
        case .done(let result): return result
        case .overdue: return .down(.timeout, "\(what) within \(timeout)")
        case .cancelled: return .unknown(.stale, "cancelled")
        case .noThread:
            slots.give()
            return .unknown(.stale, "no thread left")
        }
    }

    private func seconds(since start: UInt64) -> Double { Double(clock.monotonicNanoseconds() &- start) / 1_000_000_000 }

    private static let noServer = "no name server answered"

    // MARK: Names

    func dns(_ check: ServiceCheck.DNSCheck) async -> ProbeResult {
        guard let type = DNSMessage.RecordType(name: check.type) else { return .unknown(.notTracked, "no type of record") }
        if check.server == nil, type == .a || type == .aaaa { return await bySystem(check.name, type) }
        let id = UInt16.random(in: 0...UInt16.max)
        guard let message = DNSMessage(id: id, name: check.name, type: type) else { return .unknown(.notTracked, "no name") }
        return await run(BlockingProbes.noServer) { deadline in ask(message, check.server, deadline) }
    }

    /// As programs of this machine find it: by files, caches and name servers, whatever it is told to use.
    private func bySystem(_ name: String, _ type: DNSMessage.RecordType) async -> ProbeResult {
        await run(BlockingProbes.noServer) { _ in
            let start = clock.monotonicNanoseconds()
            let found = NamedAddress.find(name, family: type == .a ? AF_INET : AF_INET6)
            let seconds = seconds(since: start)
            switch found {
            case .success(let addresses): return answered(addresses.count, seconds, PhaseTimes(resolve: seconds))
            case .failure(.none): return .down(.noRecord, "the name has no address of this kind")
            case .failure(.noAnswer(let text)): return .down(.unresolvable, "it cannot be looked up: \(text)")
            }
        }
    }

    private func answered(_ records: Int, _ seconds: Double, _ phases: PhaseTimes) -> ProbeResult {
        var result = ProbeResult(.up)
        (result.phases, result.latency) = (phases, seconds)
        result.seen.append(("records", .int(Int64(records))))
        return result
    }

    private func ask(_ message: DNSMessage, _ server: ServicePlace?, _ deadline: UInt64) -> ProbeResult {
        let start = clock.monotonicNanoseconds()
        var addresses: [NamedAddress] = []
        for place in server.map({ [$0] }) ?? BlockingProbes.nameServers() {
            if case .success(let found) = NamedAddress.find(place.host, port: place.port), let first = found.first {
                addresses.append(first)
            }
        }
        guard !addresses.isEmpty else {
            return server == nil
                ? .unknown(.notTracked, "this machine names no name server in /etc/resolv.conf")
                : .down(.unresolvable, "the name server's own name has no address")
        }
        let resolved = clock.monotonicNanoseconds()
        var phases = PhaseTimes(resolve: Double(resolved - start) / 1_000_000_000)
        var isForeign = false
        let (answer, fault) = exchange(message, addresses, deadline, &isForeign)
        phases.processing = Double(clock.monotonicNanoseconds() - resolved) / 1_000_000_000
        switch answer {
        case .records(0, isTruncated: false)?: return .down(.noRecord, "the name has no record \(message.type.name)")
        case .records(let count, _)?: return answered(count, phases.total, phases)
        case .noName?: return .down(.noRecord, "there is no such name")
        case .failed(code: 5)?: return .down(.rejected, "the name server refuses to answer")
        case .failed(code: 2)?: return .down(.unresolvable, "the name server could not find out (SERVFAIL)")
        case .failed(let code)?: return .down(.foreign, "the name server answers with error \(code)")
        case .foreign?, nil:
            if isForeign {
                return .down(.foreign, "the name server answers, and not what it was asked: another id, another name, or no DNS")
            }
            return fault.map { .down($0.code == ECONNREFUSED ? .refused : .unreachable, "the name server: \($0.text)") }
                ?? .down(.timeout, "\(BlockingProbes.noServer) within \(timeout)")
        }
    }

    /// Asks one after the other, each again where nothing comes: a datagram may be lost.
    /// - Parameter isForeign: set where something came that is no answer to the question.
    private func exchange(
        _ message: DNSMessage, _ servers: [NamedAddress], _ deadline: UInt64, _ isForeign: inout Bool
    ) -> (DNSMessage.Answer?, SocketFault?) {
        var fault: SocketFault?
        let attempts = max(3, servers.count)
        let share = max(50, Int(timeout.milliseconds) / attempts)
        for attempt in 0..<attempts {
            let server = servers[attempt % servers.count]
            do throws(SocketFault) {
                let socket = try DatagramSocket(server)
                try socket.send(message.question)
                let end = min(deadline, clock.monotonicNanoseconds() + UInt64(share) * 1_000_000)
                while true {
                    let now = clock.monotonicNanoseconds()
                    guard now < end, let bytes = try socket.receive(within: Int((end - now) / 1_000_000) + 1) else { break }
                    // What answers another question is not heard: anybody can send it.
                    let answer = message.answer(bytes)
                    if answer != .foreign { return (answer, nil) }
                    isForeign = true
                }
            } catch {
                fault = error
            }
            if clock.monotonicNanoseconds() >= deadline { break }
        }
        return (nil, fault)
    }

    /// The `nameserver` lines of the machine, at most three as the system itself reads them.
    static func nameServers(_ path: String = "/etc/resolv.conf") -> [ServicePlace] {
        guard let file = try? RegularFile.open(path) else { return [] }
        defer { close(file) }
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        let count = read(file, &chunk, chunk.count)
        let text = String(decoding: chunk.prefix(max(0, count)), as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).compactMap { line in
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count >= 2, words[0] == "nameserver" else { return nil }
            // An address of version 6 has colons of its own.
            return words[1].utf8.contains(UInt8(ascii: ":"))
                ? ServicePlace("[\(words[1])]", port: 53) : ServicePlace(String(words[1]), port: 53)
        }.prefix(3).map { $0 }
    }

    // MARK: Pings

    func icmp(_ host: String) async -> ProbeResult {
        let token = (0..<16).map { _ in UInt8.random(in: 0...UInt8.max) }
        return await run("no answer to the ping") { deadline in ping(host, token, deadline) }
    }

    private func ping(_ host: String, _ token: [UInt8], _ deadline: UInt64) -> ProbeResult {
        let start = clock.monotonicNanoseconds()
        let address: NamedAddress
        switch NamedAddress.find(host) {
        case .success(let found): address = found[0]
        case .failure(.none): return .down(.unresolvable, "the name \(host) has no address")
        case .failure(.noAnswer(let text)): return .down(.unresolvable, "the name \(host) cannot be looked up: \(text)")
        }
        let resolved = clock.monotonicNanoseconds()
        let isVersion6 = address.family == AF_INET6
        do throws(SocketFault) {
            let socket = try DatagramSocket(address, protocol: isVersion6 ? 58 : 1)
            var sequence: UInt16 = 0
            while true {
                let now = clock.monotonicNanoseconds()
                guard now < deadline, sequence < .max else { return .down(.timeout, "no answer to the ping within \(timeout)") }
                // Once a second: one may be lost.
                let end = min(deadline, now + 1_000_000_000)
                sequence += 1
                let echo = EchoMessage(isVersion6: isVersion6, sequence: sequence, token: token)
                try socket.send(echo.bytes)
                while true {
                    let now = clock.monotonicNanoseconds()
                    guard now < end, let bytes = try socket.receive(within: Int((end - now) / 1_000_000) + 1) else { break }
                    guard echo.isAnswered(by: bytes) else { continue }
                    let seconds = seconds(since: resolved)
                    var result = ProbeResult(.up)
                    result.phases = PhaseTimes(resolve: Double(resolved - start) / 1_000_000_000, processing: seconds)
                    result.latency = result.phases.total
                    return result
                }
            }
        } catch {
            // Of who sends: that says nothing of who is pinged.
            if [EACCES, EPERM, EPROTONOSUPPORT, EAFNOSUPPORT].contains(error.code) {
                return .unknown(.notTracked, "not permitted: this user's group is not in net.ipv4.ping_group_range (\(error.text))")
            }
            return .down(.unreachable, "the ping does not get there: \(error.text)")
        }
    }
}
