import Ambient
import CCurl
import Glibc
import Synchronization

/// The thread that owns libcurl's multi handle, and the inbox through which everybody else reaches it.
///
/// Unchecked because of the C handle. Invariant: `multi` and everything below the line is used by the transfer
/// thread only; the one exception is `curl_multi_wakeup`, which libcurl allows from anywhere and which happens
/// under the inbox's lock, where `isOpen` says that the handle still lives.
final class TransferLoop: @unchecked Sendable {
    private struct Inbox {
        var isOpen = true
        var submitted: [Transfer] = []
        var cancelled: [Transfer] = []
        /// Submitted and not finished.
        var pending = 0
        var counts = HTTPClient.Counts()
    }

    private let inbox = Mutex(Inbox())
    private let options: HTTPClient.Options
    let memory: BodyMemory
    private let multi: UnsafeMutableRawPointer
    private let clock = SystemClock()

    // ---- transfer thread only ----
    private var running: [UnsafeMutableRawPointer: Transfer] = [:]
    /// Connections in use and transfers waiting for one, by connection key.
    private var hosts: [String: Host] = [:]
    /// No transfer is due before this. Monotonic nanoseconds.
    private var nextDeadline = UInt64.max
    private var isCleanedUp = false

    private struct Host {
        var running = 0
        var waiting: [Transfer] = []
    }

    var network: NetworkOptions { options.network }

    /// Nil when libcurl cannot start.
    init?(options: HTTPClient.Options) {
        guard Self.curlIsReady, let multi = curl_multi_init() else { return nil }
        self.options = options
        memory = BodyMemory(limit: options.bodyMemory)
        self.multi = multi
        capHosts()
        // Otherwise the number of idle connections kept would shrink with the number of running requests.
        _ = CCurl_setMultiLong(multi, CURLMOPT_MAXCONNECTS, options.idleConnections)
    }

    deinit {
        if !isCleanedUp { curl_multi_cleanup(multi) }
    }

    static let curlIsReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    // MARK: From any thread

    var counts: HTTPClient.Counts { inbox.withLock { $0.counts } }

    func submit(_ transfer: Transfer) {
        let refusal: HTTPError.Kind? = inbox.withLock { inbox in
            guard inbox.isOpen else { return .closed }
            guard inbox.pending < options.pendingLimit else {
                inbox.counts.dropped += 1
                return .overloaded(limit: options.pendingLimit)
            }
            inbox.pending += 1
            inbox.counts.requests += 1
            inbox.submitted.append(transfer)
            curl_multi_wakeup(multi)
            return nil
        }
        if let refusal { transfer.fail(refusal) }
    }

    func cancel(_ transfer: Transfer) {
        transfer.isCancelled.store(true, ordering: .releasing)
        inbox.withLock { inbox in
            guard inbox.isOpen else { return }
            inbox.cancelled.append(transfer)
            curl_multi_wakeup(multi)
        }
    }

    /// Refuses new transfers and cancels those that run. The thread ends soon after.
    func close() {
        inbox.withLock { inbox in
            guard inbox.isOpen else { return }
            inbox.isOpen = false
            curl_multi_wakeup(multi)
        }
    }

    // MARK: The transfer thread

    /// Runs until `close`.
    func run() {
        while takeInbox() {
            repeat {
                var stillRunning: Int32 = 0
                curl_multi_perform(multi, &stillRunning)
            } while settleFinished()
            expireOverdue()
            curl_multi_poll(multi, nil, 0, pollTimeout(), nil)
        }
        for transfer in Array(running.values) { interrupt(transfer, .cancelled) }
        for host in hosts.values {
            for transfer in host.waiting { settle(transfer, .failure(transfer.error(.cancelled))) }
        }
        hosts = [:]
        // Nobody can wake it any more: the inbox is closed. Closes every kept connection.
        curl_multi_cleanup(multi)
        isCleanedUp = true
    }

    /// False when it is time to end.
    private func takeInbox() -> Bool {
        let (submitted, cancelled, isOpen) = inbox.withLock { inbox in
            defer {
                inbox.submitted.removeAll(keepingCapacity: true)
                inbox.cancelled.removeAll(keepingCapacity: true)
            }
            return (inbox.submitted, inbox.cancelled, inbox.isOpen)
        }
        for transfer in submitted { accept(transfer) }
        for transfer in cancelled { cancelNow(transfer) }
        return isOpen
    }

    private func accept(_ transfer: Transfer) {
        guard !transfer.isCancelled.load(ordering: .acquiring) else {
            return settle(transfer, .failure(transfer.error(.cancelled)))
        }
        nextDeadline = min(nextDeadline, transfer.deadline)
        if hosts[transfer.connectionKey, default: Host()].running < cap(transfer.connectionKey) {
            start(transfer)
        } else {
            hosts[transfer.connectionKey, default: Host()].waiting.append(transfer)
        }
    }

    private func start(_ transfer: Transfer, freshConnection: Bool = false) {
        let now = clock.monotonicNanoseconds()
        guard transfer.deadline > now else {
            return settle(transfer, .failure(transfer.error(transfer.timeout(easy: nil))))
        }
        let remainingMs = Int((transfer.deadline - now) / 1_000_000)
        guard
            let easy = EasyHandle(
                for: transfer, options: options, remainingMs: remainingMs, freshConnection: freshConnection),
            curl_multi_add_handle(multi, easy.raw) == CURLM_OK
        else {
            return settle(
                transfer, .failure(transfer.error(.other(code: Int(CURLE_OUT_OF_MEMORY.rawValue), "out of memory"))))
        }
        transfer.easy = easy
        running[easy.raw] = transfer
        count(transfer, 1)
    }

    /// Notes that a connection was taken or became free.
    private func count(_ transfer: Transfer, _ change: Int) {
        hosts[transfer.connectionKey, default: Host()].running += change
        if transfer.request.isMeasured { capHosts() }
    }

    private func cap(_ key: String) -> Int {
        key == Transfer.measuredKey ? options.measuredConnections : options.connectionsPerHost
    }

    /// The caps themselves are kept here (`hosts`): libcurl's own waiting list lets one full host hold up the others. Its cap
    /// bounds what is kept idle for a host. It counts measured connections, too, whatever host they are to.
    private func capHosts() {
        let most = options.connectionsPerHost + (hosts[Transfer.measuredKey]?.running ?? 0)
        _ = CCurl_setMultiLong(multi, CURLMOPT_MAX_HOST_CONNECTIONS, most)
    }

    /// True when something finished, so that a waiting transfer may have been started.
    private func settleFinished() -> Bool {
        var finishedAny = false
        var remaining: Int32 = 0
        while let message = curl_multi_info_read(multi, &remaining) {
            guard message.pointee.msg == CURLMSG_DONE, let raw = message.pointee.easy_handle,
                let transfer = running[raw], let easy = transfer.easy
            else { continue }
            finishedAny = true
            // The message dies with the handle's removal.
            let code = CCurl_result(message)
            let host = release(transfer)
            if transfer.restarts == 0, transfer.request.mayBeRepeated,
                transfer.failedOnStaleConnection(code, easy: easy)
            {
                transfer.rewind()
                start(transfer, freshConnection: true)
            } else {
                settle(transfer, transfer.outcome(of: code, easy: easy))
            }
            startWaiting(host)
        }
        return finishedAny
    }

    private func cancelNow(_ transfer: Transfer) {
        if transfer.easy != nil {
            let key = transfer.connectionKey
            interrupt(transfer, .cancelled)
            startWaiting(key)
        } else if let place = hosts[transfer.connectionKey]?.waiting.firstIndex(where: { $0 === transfer }) {
            hosts[transfer.connectionKey]?.waiting.remove(at: place)
            settle(transfer, .failure(transfer.error(.cancelled)))
        }
    }

    /// Ends transfers whose time is up. libcurl does so itself for those that run; waiting ones only we know.
    private func expireOverdue() {
        let now = clock.monotonicNanoseconds()
        guard now >= nextDeadline else { return }
        for transfer in running.values.filter({ $0.deadline <= now }) {
            interrupt(transfer, transfer.timeout(easy: transfer.easy))
        }
        nextDeadline = running.values.map(\.deadline).min() ?? .max
        for key in Array(hosts.keys) {
            let overdue = hosts[key]?.waiting.filter { $0.deadline <= now } ?? []
            hosts[key]?.waiting.removeAll { $0.deadline <= now }
            for transfer in overdue { settle(transfer, .failure(transfer.error(transfer.timeout(easy: nil)))) }
            nextDeadline = min(nextDeadline, hosts[key]?.waiting.map(\.deadline).min() ?? .max)
            startWaiting(key)
        }
    }

    private func startWaiting(_ key: String) {
        while let host = hosts[key], host.running < cap(key), !host.waiting.isEmpty {
            let next = hosts[key]?.waiting.removeFirst()
            if let next { start(next) }
        }
        if let host = hosts[key], host.running == 0, host.waiting.isEmpty { hosts[key] = nil }
    }

    private func interrupt(_ transfer: Transfer, _ kind: HTTPError.Kind) {
        _ = release(transfer)
        settle(transfer, .failure(transfer.error(kind)))
    }

    /// Takes a transfer out of libcurl. Returns the host whose connection became free.
    private func release(_ transfer: Transfer) -> String {
        if let easy = transfer.easy {
            curl_multi_remove_handle(multi, easy.raw)
            running[easy.raw] = nil
            count(transfer, -1)
        }
        return transfer.connectionKey
    }

    private func settle(_ transfer: Transfer, _ outcome: Transfer.Outcome) {
        inbox.withLock { inbox in
            inbox.pending -= 1
            switch outcome {
            case .success(let response): inbox.counts.staleRetries += response.staleRetries
            case .failure: inbox.counts.failures += 1
            }
        }
        transfer.easy = nil
        transfer.finish(outcome)
    }

    private func pollTimeout() -> Int32 {
        guard nextDeadline != .max else { return 60_000 }
        let now = clock.monotonicNanoseconds()
        guard nextDeadline > now else { return 0 }
        return Int32(min(60_000, (nextDeadline - now) / 1_000_000 + 1))
    }
}
