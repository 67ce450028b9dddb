import JSONParsing
import Model
import Server

// How the runtime answers, faults included.
extension SimulatedRuntime {
    /// Answers one request to one replica at the present moment.
    public mutating func answer(_ request: ServerRequest, replica: Int) -> RuntimeAnswer {
        let route = route(request.rawPath)
        tally.requests[route?.tallyName ?? "other", default: 0] += 1
        let faults = faultsNow(replica: replica)
        if faults.contains(.hang) || faults.contains(.down) {
            // Down: somebody got in before the listener was closed.
            return RuntimeAnswer(
                ServerResponse(status: 503, ending: .dropped), hangs: !faults.contains(.down))
        }
        guard let route else { return unknown(request) }
        guard request.method == route.method else {
            let allow = [(name: "allow", value: route.method)]
            guard request.method != "HEAD" else {
                return RuntimeAnswer(405, Array(#"{"detail":"Method Not Allowed"}"#.utf8), at: now, extra: allow)
            }
            return .detail(405, "Method Not Allowed", at: now, extra: allow)
        }
        if route == .token { return token(request, isDown: faults.contains(.identityProviderDown)) }
        if let refusal = refusal(request, isDown: faults.contains(.identityProviderDown)) {
            tally.unauthorized += 1
            return .detail(401, refusal, at: now)
        }
        return misbehaving(answer(route, request, replica: replica, faults: faults), faults)
    }

    private mutating func answer(_ route: Route, _ request: ServerRequest, replica: Int, faults: [Fault])
        -> RuntimeAnswer
    {
        // Before `process` is bound: a start must find the chats in one hand, or they are all copied.
        if case .start(let app, let workflow) = route { return start(app, workflow, request, replica: replica) }
        let process = processes[replica]
        switch route {
        case .health: return health(process, faults)
        case .activeRuns: return RuntimeAnswer(200, process.activeRuns(tracked: scenario.tracksActiveRuns), at: now)
        case .events: return RuntimeAnswer(200, process.events(at: instant), at: now)
        case .aggregate: return perf(process) { process.aggregate(at: instant) }
        case .chats: return perf(process) { process.chatList(at: instant) }
        case .chat(let id):
            guard let body = process.chat(id, at: instant) else { return .detail(404, "Chat not tracked", at: now) }
            return RuntimeAnswer(200, body, at: now)
        case .page:
            return RuntimeAnswer(
                200, process.metrics(at: instant, idle: scenario.idleSockets), type: "text/plain; version=0.0.4; charset=utf-8", at: now)
        case .start, .token: return unknown(request)
        }
    }

    /// Builds without a page of metrics know nothing of it.
    private func route(_ path: some Collection<UInt8>) -> Route? {
        Route(rawPath: path).flatMap { $0 == .page && !scenario.showsMetrics ? nil : $0 }
    }

    private func perf(_ process: RuntimeProcess, body: () -> [UInt8]) -> RuntimeAnswer {
        guard !process.isPoisoned else { return .internalServerError(at: now) }
        var answer = RuntimeAnswer(200, body(), at: now)
        answer.blocksEventLoop = TimeSpan(
            milliseconds: Int64((Double(process.chats.count) * scenario.microsecondsPerChat / 1_000).rounded()))
        return answer
    }

    private func health(_ process: RuntimeProcess, _ faults: [Fault]) -> RuntimeAnswer {
        // A ping of a local Mongo takes 30 to 90 µs; derived from the time so that it needs no state.
        var random = SplitMix64(seed: scenario.seed ^ UInt64(bitPattern: instant.microseconds))
        var ping = random.uniform(0.03...0.09)
        var delay = TimeSpan.zero
        for fault in faults {
            switch fault {
            case .mongoDead(let failsAfter):
                var answer = RuntimeAnswer.detail(
                    500, "Health check failed: 127.0.0.1:27017: [Errno 111] Connection refused", at: now)
                answer.delay = failsAfter
                return answer
            case .mongoSlow(let slow):
                ping = Double(slow.milliseconds) + random.uniform(0.1...0.99)
                delay = slow
            default: break
            }
        }
        var answer = RuntimeAnswer(200, process.health(pingMilliseconds: ping, idle: scenario.idleSockets), at: now)
        answer.delay = delay
        return answer
    }

    private func unknown(_ request: ServerRequest) -> RuntimeAnswer {
        let path = request.rawPath
        guard path.last == 0x2F, route(path.dropLast()) != nil else {
            return .detail(404, "Not Found", at: now)
        }
        let location =
            "http://\(request.header("host") ?? "127.0.0.1")\(String(decoding: path.dropLast(), as: UTF8.self))"
        return RuntimeAnswer(307, [], type: "", at: now, extra: [(name: "location", value: location)])
    }

    // MARK: - Starting a run

    private mutating func start(_ app: AppID, _ workflow: [UInt8], _ request: ServerRequest, replica: Int)
        -> RuntimeAnswer
    {
        let document = try? request.body.withUnsafeBytes { bytes throws(JSONError) in
            try JSONParser().parse(bytes)
        }
        guard let document, case .object(let members) = document.value else {
            return .detail(400, "Invalid JSON body", at: now)
        }
        guard let user = members["user_id"]?.string, !user.isEmpty else {
            return .detail(400, "user_id is required", at: now)
        }
        guard document.loneSurrogates == 0 else {
            // The chat is tracked, and neither it nor any list with it can be written from now on.
            _ = startRun(app: app, workflow: workflow, user: Array(user.utf8), replica: replica)
            processes[replica].isPoisoned = true
            return .internalServerError(at: now)
        }
        let userBytes = Array(user.utf8)
        let forced = members["force_new"]?.bool == true
        let reused = forced ? nil : recentChat(app, workflow, userBytes, replica: replica)
        let index = reused ?? startRun(app: app, workflow: workflow, user: userBytes, replica: replica)
        let chat = processes[replica].chats[index]
        return RuntimeAnswer(200, Self.startBody(chat, reused: reused != nil), at: now)
    }

    /// The runtime gives a second start of the same user within 15 s the same chat, unless told `force_new`.
    private func recentChat(_ app: AppID, _ workflow: [UInt8], _ user: [UInt8], replica: Int) -> Int? {
        let chats = processes[replica].chats
        let since = Instant(microseconds: instant.microseconds - 15_000_000)
        return chats.indices.reversed().prefix { chats[$0].startedAt >= since }.first {
            chats[$0].endedAt == nil && chats[$0].app == app && chats[$0].workflow == workflow && chats[$0].user == user
        }
    }

    private static func startBody(_ chat: SimulatedChat, reused: Bool) -> [UInt8] {
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        let (id, workflow, user) = (text(chat.chatID), text(chat.workflow), text(chat.user))
        // Any 32 bits that stay the same for a chat will do.
        let seed = chat.chatID.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
        return PythonText.json([
            "success": true, "chat_id": .string(id), "workflow_name": .string(workflow),
            "app_id": .string(chat.app.text),
            "user_id": .string(user), "websocket_url": .string("/ws/\(workflow)/\(chat.app.text)/\(id)/\(user)"),
            "message": "Chat session initialized; connect to websocket to start.", "reused": .bool(reused),
            "cache_seed": .int(Int64(seed)),
        ])
    }

    // MARK: - Authentication

    private mutating func token(_ request: ServerRequest, isDown: Bool) -> RuntimeAnswer {
        guard identityProvider != nil else { return .detail(404, "Not Found", at: now) }
        guard !isDown else {
            return RuntimeAnswer(503, Array("Service Unavailable".utf8), type: "text/plain; charset=utf-8", at: now)
        }
        // Present: checked above.
        guard let answer = identityProvider?.token(form: request.body, at: instant) else { return unknown(request) }
        if answer.status == 200 { tally.tokensIssued += 1 }
        return RuntimeAnswer(
            answer.status, answer.body, at: now,
            extra: answer.status == 200 ? [(name: "cache-control", value: "no-store")] : [])
    }

    private func refusal(_ request: ServerRequest, isDown: Bool) -> String? {
        identityProvider?.refusal(
            authorization: request.header("authorization"), queryToken: request.queryValue("access_token"),
            isDown: isDown, at: instant)
    }

    // MARK: - Misbehaviour on the wire

    private func misbehaving(_ answer: RuntimeAnswer, _ faults: [Fault]) -> RuntimeAnswer {
        var answer = answer
        for fault in faults {
            switch fault {
            case .slowBody, .truncatedBody:
                let length = answer.response.body.count
                answer.response.body.removeLast(length - length / 2)
                answer.response.ending = fault == .slowBody ? .stalled(length: length) : .cutOff(length: length)
            case .garbage:
                answer.response.body = Array("<html>\u{0}{\"active_chats\": NaN,,".utf8) + [0xFF, 0xFE, 0x80]
            case .hugeBody(let bytes):
                answer.response.body = Array(#"{"active_chats":0,"note":""#.utf8)
                answer.response.body.append(contentsOf: repeatElement(UInt8(ascii: "x"), count: bytes))
                answer.response.body += Array("\"}".utf8)
            default: break
            }
        }
        return answer
    }
}
