import Glibc
import HTTP
import Synchronization
import TestKit
import Testing

@Suite struct ConnectionTests {
    @Test func `a connection is kept and used again`() async throws {
        try await withServer { _, peer in
            peer.answer(200, "x")
        } asking: { client, server in
            let first = try await client.send(HTTPRequest(.get, server.url))
            let second = try await client.send(HTTPRequest(.get, server.url))
            #expect(!first.reusedConnection && second.reusedConnection)
            #expect(server.connectionCount == 1)
            var last = HTTPRequest(.get, server.url)
            last.forbidReuse = true
            _ = try await client.send(last)
            let fresh = try await client.send(HTTPRequest(.get, server.url))
            #expect(!fresh.reusedConnection)
            #expect(server.connectionCount == 2)
        }
    }

    @Test func `a connection is not used for ever, however busy it is`() async throws {
        var options = HTTPClient.Options()
        #expect(options.connectionSeconds == 300)
        options.connectionSeconds = 1
        try await withServer(options: options) { _, peer in
            peer.answer(200, "x")
        } asking: { client, server in
            // Without a greatest age there is no second one, however long this asks.
            while server.connectionCount < 2 { _ = try await client.send(HTTPRequest(.get, server.url)) }
            #expect(client.counts.failures == 0)
        }
    }

    @Test func `a server that hangs up after each answer is no error`() async throws {
        try await withServer { _, peer in
            peer.answer(200, "x")
            peer.close()
        } asking: { client, server in
            for _ in 0..<10 {
                let response = try await client.send(HTTPRequest(.get, server.url))
                #expect(response.status == 200)
            }
            #expect(client.counts.failures == 0)
        }
    }

    @Test(arguments: [false, true])
    func `a request lost on a stale connection is sent again, once and counted`(reset: Bool) async throws {
        try await withServer { request, peer in
            if request.ordinal == 1 { peer.answer(200, "x") } else if reset { peer.reset() } else { peer.close() }
        } asking: { client, server in
            _ = try await client.send(HTTPRequest(.get, server.url))
            let response = try await client.send(HTTPRequest(.get, server.url))
            #expect(response.status == 200)
            #expect(response.staleRetries == 1)
            #expect(server.connectionCount == 2)
            #expect(client.counts.requests == 2)
            #expect(client.counts.failures == 0)
            #expect(client.counts.staleRetries == 1)
        }
    }

    @Test func `however many stale connections there are, the request gets through`() async throws {
        let connections = 8
        let barrier = Mutex(0)
        try await withServer { request, peer in
            guard request.ordinal == 1 else { return peer.close() }
            // Nobody is answered before all are connected, so that each has a connection of its own.
            barrier.withLock { $0 += 1 }
            while barrier.withLock({ $0 }) < connections { sched_yield() }
            peer.answer(200, "x")
        } asking: { client, server in
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<connections { group.addTask { _ = try? await client.send(HTTPRequest(.get, server.url)) } }
            }
            #expect(server.connectionCount == connections)
            let response = try await client.send(HTTPRequest(.get, server.url))
            #expect(response.status == 200)
            #expect(response.staleRetries >= 1)
        }
    }

    @Test func `what is not idempotent is sent at most once`() async throws {
        try await withServer { request, peer in
            if request.path == "/ok" { peer.answer(200, "x") } else { peer.close() }
        } asking: { client, server in
            _ = try await client.send(HTTPRequest(.post, server.url + "/ok"))
            guard case .connectionLost = await failure(client, HTTPRequest(.post, server.url + "/lost")) else {
                Issue.record("not lost")
                return
            }
            #expect(server.requests.filter { $0.path == "/lost" }.count == 1)
            #expect(server.connectionCount == 2)
            var harmless = HTTPRequest(.post, server.url + "/ok")
            harmless.isIdempotent = true
            let again = try await client.send(harmless)
            #expect(again.reusedConnection)
        }
    }

    @Test func `a pinned address is where the request goes, and pins do not mix`() async throws {
        try await withServer { request, peer in
            peer.answer(200, request.head)
        } asking: { client, server in
            var request = HTTPRequest(.get, "http://runtime.invalid:\(server.port)/x")
            request.pinnedAddress = "127.0.0.1"
            let first = try await client.send(request)
            #expect(first.remoteAddress == "127.0.0.1")
            #expect(first.body.text.contains("Host: runtime.invalid:\(server.port)"))
            let second = try await client.send(request)
            #expect(second.reusedConnection)
            // Nobody listens there; a connection kept for the other pin must not answer.
            request.pinnedAddress = "127.0.0.2"
            #expect(await failure(client, request) == .refused)
            request.pinnedAddress = "runtime.example"
            guard case .invalidRequest = await failure(client, request) else {
                Issue.record("a name is no address")
                return
            }
        }
    }

    @Test func `two hundred at once share a few connections`() async throws {
        try await withServer { request, peer in
            peer.answer(200, request.path)
        } asking: { client, server in
            let right = await withTaskGroup(of: Bool.self) { group in
                for index in 0..<200 {
                    group.addTask {
                        let answer = try? await client.send(
                            HTTPRequest(.get, server.url + "/\(index)", timeoutMs: 60_000))
                        return answer?.body.text == "/\(index)"
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(right == 200)
            #expect(server.requests.count == 200)
            #expect((1...8).contains(server.connectionCount))
        }
    }

    @Test func `a hung host holds up nobody else`() async throws {
        var options = HTTPClient.Options()
        options.connectionsPerHost = 1
        let hung = try MisbehavingServer { _, peer in peer.waitUntilClosed() }
        defer { hung.stop() }
        try await withServer(options: options) { _, peer in
            peer.answer(200, "x")
        } asking: { client, server in
            let stuck = (0..<5).map { _ in
                Task { await failure(client, HTTPRequest(.get, hung.url, timeoutMs: 60_000)) }
            }
            while hung.requests.isEmpty { await Task.yield() }
            for _ in 0..<20 { _ = try await client.send(HTTPRequest(.get, server.url)) }
            #expect(hung.connectionCount == 1)
            for task in stuck { task.cancel() }
            for task in stuck { #expect(await task.value == .cancelled) }
        }
    }

    @Test func `measured requests that hang hold up neither others of their host nor each other`() async throws {
        try await withServer { request, peer in
            if request.path == "/hang" { peer.waitUntilClosed() } else { peer.answer(200, "x") }
        } asking: { client, server in
            func measured(_ path: String) -> HTTPRequest {
                var request = HTTPRequest(.get, server.url + path, timeoutMs: 60_000)
                request.isMeasured = true
                return request
            }
            let stuck = (0..<20).map { _ in Task { await failure(client, measured("/hang")) } }
            while server.requests.count < 20 { await Task.yield() }
            #expect(await failure(client, HTTPRequest(.get, server.url, timeoutMs: 20_000)) == nil)
            #expect(await failure(client, measured("/")) == nil)
            // And as many ordinary ones as ever at the same time.
            let ordinary = (0..<8).map { _ in
                Task { await failure(client, HTTPRequest(.get, server.url + "/hang", timeoutMs: 60_000)) }
            }
            while server.requests.count < 30 { await Task.yield() }
            for task in stuck + ordinary { task.cancel() }
            for task in stuck + ordinary { #expect(await task.value == .cancelled) }
            #expect(await failure(client, HTTPRequest(.get, server.url, timeoutMs: 20_000)) == nil)
        }
    }

    @Test func `measured requests have a cap of their own`() async throws {
        var options = HTTPClient.Options()
        options.measuredConnections = 1
        try await withServer(options: options) { request, peer in
            if request.path == "/hang" { peer.waitUntilClosed() } else { peer.answer(200, "x") }
        } asking: { client, server in
            func measured(_ path: String, timeoutMs: Int = 60_000) -> HTTPRequest {
                var request = HTTPRequest(.get, server.url + path, timeoutMs: timeoutMs)
                request.isMeasured = true
                return request
            }
            let stuck = Task { await failure(client, measured("/hang")) }
            while server.requests.isEmpty { await Task.yield() }
            #expect(await failure(client, measured("/", timeoutMs: 100)) == .timeout(.queued, afterMs: 100))
            let waiting = Task { await failure(client, measured("/")) }
            stuck.cancel()
            #expect(await stuck.value == .cancelled)
            #expect(await waiting.value == nil)
        }
    }

    @Test func `more than the client holds is refused`() async throws {
        var options = HTTPClient.Options()
        options.pendingLimit = 1
        try await withServer(options: options) { _, peer in
            peer.waitUntilClosed()
        } asking: { client, server in
            let first = Task { await failure(client, HTTPRequest(.get, server.url)) }
            while server.requests.isEmpty { await Task.yield() }
            #expect(await failure(client, HTTPRequest(.get, server.url)) == .overloaded(limit: 1))
            #expect(client.counts.dropped == 1)
            first.cancel()
            #expect(await first.value == .cancelled)
        }
    }
}

@Suite struct EndingTests {
    @Test func `cancelling a request in flight ends it and its connection`() async throws {
        let (events, continuation) = AsyncStream.makeStream(of: String.self)
        try await withServer { _, peer in
            continuation.yield("asked")
            peer.waitUntilClosed()
            continuation.yield("closed")
        } asking: { client, server in
            var seen = events.makeAsyncIterator()
            let task = Task { await failure(client, HTTPRequest(.get, server.url, timeoutMs: 60_000)) }
            #expect(await seen.next() == "asked")
            task.cancel()
            #expect(await task.value == .cancelled)
            #expect(await seen.next() == "closed")
        }
    }

    @Test func `a task that is cancelled already sends nothing`() async throws {
        try await withServer { _, peer in
            peer.answer(200, "")
        } asking: { client, server in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return await failure(client, HTTPRequest(.get, server.url))
            }
            #expect(await task.value == .cancelled)
            #expect(server.requests.isEmpty)
        }
    }

    @Test func `cancelling at any moment ends every request exactly once`() async throws {
        try await withServer { _, peer in
            peer.answer(200, "x")
        } asking: { client, server in
            // A continuation resumed twice traps, one that is forgotten hangs.
            for round in 0..<200 {
                let task = Task { await failure(client, HTTPRequest(.get, server.url)) }
                for _ in 0..<(round % 20) { await Task.yield() }
                task.cancel()
                let kind = await task.value
                #expect(kind == nil || kind == .cancelled)
            }
        }
    }

    @Test func `shutdown ends what runs, refuses what comes, and leaves no descriptor`() async throws {
        let server = try MisbehavingServer { request, peer in
            if request.path == "/hang" { peer.waitUntilClosed() } else { peer.answer(200, "x") }
        }
        defer { server.stop() }
        let client = try HTTPClient()
        _ = try await client.send(HTTPRequest(.get, server.url))
        let running = Task { await failure(client, HTTPRequest(.get, server.url + "/hang", timeoutMs: 60_000)) }
        while server.requests.count < 2 { await Task.yield() }
        #expect(!connections(to: server.port).isEmpty)
        await client.shutdown()
        #expect(await running.value == .cancelled)
        #expect(connections(to: server.port) == [])
        #expect(await failure(client, HTTPRequest(.get, server.url)) == .closed)
        await client.shutdown()
    }

    @Test func `a client that is dropped closes by itself`() async throws {
        let server = try MisbehavingServer(always: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        defer { server.stop() }
        do {
            let client = try HTTPClient()
            _ = try await client.send(HTTPRequest(.get, server.url))
            #expect(!connections(to: server.port).isEmpty)
        }
        while !connections(to: server.port).isEmpty { await Task.yield() }
    }

    /// Descriptors of this process that are connected to a port of 127.0.0.1. Other tests run beside this one, so
    /// that counting all descriptors would prove nothing.
    private func connections(to port: UInt16) -> [Int32] {
        (0..<Int32(4_096)).filter { descriptor in
            var address = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let code = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) }
            }
            return code == 0 && address.sin_family == sa_family_t(AF_INET) && address.sin_port == port.bigEndian
        }
    }
}
