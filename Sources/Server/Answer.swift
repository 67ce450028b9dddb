import CMicroHTTPD

/// Hands answers to libmicrohttpd.
enum Answer {
    /// Bodies above this are read piece by piece while they are sent instead of being copied at once.
    private static let copiedAtOnce = 65_536

    /// Queues an answer; `MHD_NO` closes the connection.
    static func queue(_ response: ServerResponse, _ connection: OpaquePointer, _ service: Service) -> MHD_Result {
        guard response.ending != .dropped else { return .NO }
        guard let handle = create(response, service) else { return .NO }
        defer { MHD_destroy_response(handle) }
        for (name, value) in response.headers {
            guard MHD_add_response_header(handle, name, value) == .YES else {
                // A field with a line break or an empty name: the handler's mistake, and splitting responses is worse.
                return queue(.problem(500, "Failed", "the answer had a header field that cannot be sent"), connection, service)
            }
        }
        return MHD_queue_response(connection, UInt32(response.status), handle)
    }

    private static func create(_ response: ServerResponse, _ service: Service) -> OpaquePointer? {
        if response.ending == .complete, response.body.count <= copiedAtOnce {
            return response.body.withUnsafeBytes {
                MHD_create_response_from_buffer(
                    $0.count, UnsafeMutableRawPointer(mutating: $0.baseAddress), .RESPMEM_MUST_COPY)
            }
        }
        let body = Body(response, stopping: service.stopping)
        let owned = Unmanaged.passRetained(body)
        let handle = MHD_create_response_from_callback(
            UInt64(body.announced), copiedAtOnce,
            { closure, position, buffer, capacity in
                guard let closure, let buffer else { return Body.broken }
                let body = Unmanaged<Body>.fromOpaque(closure).takeUnretainedValue()
                return body.read(from: Int(position), into: buffer, capacity: capacity)
            },
            owned.toOpaque(),
            { closure in
                if let closure { Unmanaged<Body>.fromOpaque(closure).release() }
            })
        if handle == nil { owned.release() }
        return handle
    }

    /// A body that is read while it is sent.
    private final class Body {
        /// `MHD_CONTENT_READER_END_WITH_ERROR`, a macro that Swift does not import: close the connection.
        static let broken = -2
        let announced: Int
        private let bytes: [UInt8]
        private let stallsOn: StopSignal?

        init(_ response: ServerResponse, stopping: StopSignal) {
            bytes = response.body
            switch response.ending {
            case .complete, .dropped: (announced, stallsOn) = (bytes.count, nil)
            case .cutOff(let length), .unsent(let length): (announced, stallsOn) = (length, nil)
            case .stalled(let length): (announced, stallsOn) = (length, stopping)
            }
        }

        func read(from position: Int, into buffer: UnsafeMutablePointer<CChar>, capacity: Int) -> Int {
            guard position < bytes.count else {
                _ = stallsOn?.wait(atMost: .infinity)
                return Self.broken
            }
            let count = min(capacity, bytes.count - position)
            bytes.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(start: buffer, count: count).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: $0[position..<(position + count)]))
            }
            return count
        }
    }
}
