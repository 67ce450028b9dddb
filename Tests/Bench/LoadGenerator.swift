import Glibc

/// Sends requests at a fixed rate over kept connections, whatever the answers do, and measures from the moment at which
/// each request *should* have been sent: a server that stalls is charged for everybody who had to wait meanwhile
/// (no coordinated omission).
enum LoadGenerator {
    static func run(_ words: ArraySlice<String>) throws {
        let words = Array(words)
        guard words.count == 4, let port = UInt16(words[0]), let rate = Double(words[1]), let seconds = Double(words[2]),
            let connections = Int(words[3]), rate > 0, seconds > 0, connections > 0
        else { throw BenchFailure("load needs PORT RATE SECONDS CONNECTIONS") }
        pin(toCore: 1)
        // Timers fire when they should, not up to 50 µs later.
        prctl(PR_SET_TIMERSLACK, 1)
        var run = try LoadRun(port: port, connections: connections)
        run.send(rate: 500, count: 250)
        run.latencies = []
        run.send(rate: rate, count: Int(rate * seconds))
        let sorted = run.latencies.sorted()
        func quantile(_ q: Double) -> Double { sorted[min(sorted.count - 1, Int(Double(sorted.count) * q))] }
        guard !sorted.isEmpty else { throw BenchFailure("no answers") }
        report("answers", Double(sorted.count))
        report("failures", Double(run.failures))
        report("p50", quantile(0.50))
        report("p99", quantile(0.99))
        report("p999", quantile(0.999))
        report("max", sorted[sorted.count - 1])
    }
}

/// One run of the generator on one thread: a schedule, a queue of what is due, and connections that each carry one
/// request at a time.
private struct LoadRun {
    private let poll: Int32
    private var idle: [Int32] = []
    /// By descriptor: when the request under way should have been sent; below 0 for none.
    private var due: [Int32: Double] = [:]
    private let requests: [[UInt8]]
    var latencies: [Double] = []
    var failures = 0

    init(port: UInt16, connections: Int) throws(BenchFailure) {
        poll = epoll_create1(Int32(EPOLL_CLOEXEC.rawValue))
        for _ in 0..<connections {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            let outcome = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard outcome == 0 else { throw BenchFailure("cannot connect to port \(port)") }
            var on: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
            var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(fd: descriptor))
            epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event)
            idle.append(descriptor)
        }
        // As nginx asks for it. Every tenth app is under a lease.
        requests = (0..<1_000).map { index in
            Array(
                ("GET /gate?refuse=403 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                    + "X-Original-URI: /api/chats/app-\(index)/HelloWorld/start\r\nX-Original-Method: POST\r\n\r\n").utf8)
        }
    }

    /// Sends `count` requests at `rate` a second and waits for their answers, at most two seconds beyond the schedule.
    mutating func send(rate: Double, count: Int) {
        let start = monotonicSeconds() + 0.01
        let end = start + Double(count) / rate + 2
        var next = 0
        var waiting: [Double] = []
        var head = 0
        var open = 0
        while next < count || open > 0 || head < waiting.count {
            let now = monotonicSeconds()
            guard now < end else { break }
            while next < count, start + Double(next) / rate <= now {
                waiting.append(start + Double(next) / rate)
                next += 1
            }
            while head < waiting.count, let descriptor = idle.popLast() {
                due[descriptor] = waiting[head]
                head += 1
                open += 1
                let request = requests[(head * 37) % requests.count]
                _ = request.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL.rawValue)) }
            }
            let pause = next < count ? max(0, start + Double(next) / rate - monotonicSeconds()) : 0.05
            open -= receive(waitingAtMost: pause)
        }
        failures += open + (waiting.count - head) + (count - next)
    }

    /// Takes the answers that are there, waiting for the first; returns how many.
    private mutating func receive(waitingAtMost seconds: Double) -> Int {
        var ready = [epoll_event](repeating: epoll_event(), count: 64)
        var limit = timespec(tv_sec: Int(seconds), tv_nsec: Int((seconds - seconds.rounded(.down)) * 1e9))
        let count = epoll_pwait2(poll, &ready, Int32(ready.count), &limit, nil)
        guard count > 0 else { return 0 }
        var buffer = [UInt8](repeating: 0, count: 4_096)
        for event in ready.prefix(Int(count)) {
            let descriptor = event.data.fd
            let length = recv(descriptor, &buffer, buffer.count, 0)
            let now = monotonicSeconds()
            guard length > 12 else {
                failures += 1
                close(descriptor)
                continue
            }
            // 204 allowed, 403 refused: both are decisions.
            let status = String(decoding: buffer[9..<12], as: UTF8.self)
            if status != "204" && status != "403" { failures += 1 }
            if let sent = due[descriptor] { latencies.append(now - sent) }
            idle.append(descriptor)
        }
        return Int(count)
    }
}
