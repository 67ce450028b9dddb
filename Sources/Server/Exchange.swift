import CMicroHTTPD
import Glibc

/// One request on its way in: created when its first line has arrived, released when its answer has gone.
///
/// libmicrohttpd calls for one request on one thread at a time, so nothing here is locked.
final class Exchange {
    let target: [UInt8]
    private var started = false
    private var body: [UInt8] = []
    private var discarded = 0

    init(target: [UInt8]) {
        self.target = target
    }

    /// Takes what has arrived and, once the body is complete, asks the handler.
    func advance(
        _ connection: OpaquePointer, method: UnsafePointer<CChar>, version: UnsafePointer<CChar>, upload: UnsafePointer<CChar>?,
        uploadSize: UnsafeMutablePointer<Int>, service: Service
    ) -> MHD_Result {
        let limit = service.options.maxBodyBytes
        guard started else {
            started = true
            if let refusal = malformed(connection, version, service.options) ?? refusal(connection, service.options) {
                return Answer.queue(refusal, connection, service)
            }
            return announcedLength(connection) > limit ? Answer.queue(Self.tooLarge(limit), connection, service) : .YES
        }
        if uploadSize.pointee > 0, let upload {
            let count = uploadSize.pointee
            uploadSize.pointee = 0
            guard discarded == 0, body.count + count <= limit else {
                // A chunked body announces no length. It is read on, so that the client gets to see the 413,
                // but not for ever.
                discarded += count
                body = []
                return discarded > limit + 65_536 ? .NO : .YES
            }
            upload.withMemoryRebound(to: UInt8.self, capacity: count) {
                body.append(contentsOf: UnsafeBufferPointer(start: $0, count: count))
            }
            return .YES
        }
        guard discarded == 0 else { return Answer.queue(Self.tooLarge(limit), connection, service) }
        service.connections.answers(UInt(bitPattern: connection))
        let request = ServerRequest(
            method: String(cString: method), target: target, headers: Self.headers(connection), body: body,
            remoteAddress: Self.remoteAddress(connection), isEncrypted: service.certificate != nil, stopping: service.stopping)
        return Answer.queue(service.handler(request), connection, service)
    }

    private static func tooLarge(_ limit: Int) -> ServerResponse {
        .problem(413, "Too large", "the body has more than \(limit) bytes, which is the most that is taken here")
    }

    /// What the library lets through and no request may be, because a proxy before us may read it otherwise (RFC 9112, 3.2 and 6).
    private func malformed(_ connection: OpaquePointer, _ version: UnsafePointer<CChar>, _ options: HTTPServer.Options) -> ServerResponse? {
        guard !target.contains(UInt8(ascii: " ")) else {
            return .problem(400, "Malformed request", "there is a space in the address: write it as %20")
        }
        func has(_ name: String) -> Bool { MHD_lookup_connection_value(connection, .HEADER_KIND, name) != nil }
        if !has("Host"), strcmp(version, "HTTP/1.0") != 0 {
            return .problem(400, "Malformed request", "there is no 'Host': a request of HTTP/1.1 names whom it asks")
        }
        // Who takes no bodies reads none: how long they are said to be is all the same.
        guard options.maxBodyBytes > 0 else { return nil }
        let (isCoded, isMeasured) = (has("Transfer-Encoding"), has("Content-Length"))
        guard isCoded || isMeasured else { return nil }
        let fields = Self.headers(connection)
        func values(_ name: String) -> [[UInt8]] { fields.filter { $0.name.lowercased() == name }.map(\.value) }
        if isCoded {
            if isMeasured { return .problem(400, "Malformed request", "'Transfer-Encoding' and 'Content-Length' exclude each other") }
            let codings = values("transfer-encoding").map { String(decoding: $0, as: UTF8.self).lowercased() }
            return codings == ["chunked"]
                ? nil : .problem(501, "Unknown coding", "'chunked' is the only 'Transfer-Encoding' that is known here")
        }
        return values("content-length").count > 1
            ? .problem(400, "Malformed request", "there is more than one 'Content-Length'") : nil
    }

    /// What is said of an address or of fields that are too long. Below the library's own limits, whose errors are pages for people.
    private func refusal(_ connection: OpaquePointer, _ options: HTTPServer.Options) -> ServerResponse? {
        if options.maxTargetBytes > 0, target.count > options.maxTargetBytes {
            return .problem(414, "Too long", "the address has more than \(options.maxTargetBytes) bytes: ask for less at once")
        }
        guard options.maxHeaderBytes > 0 else { return nil }
        let size = Self.headers(connection).reduce(0) { $0 + $1.name.utf8.count + $1.value.count + 4 }
        guard size > options.maxHeaderBytes else { return nil }
        return .problem(
            431, "Too long", "the header fields have more than \(options.maxHeaderBytes) bytes together: cookies of other sites?")
    }

    private func announcedLength(_ connection: OpaquePointer) -> Int {
        guard let text = MHD_lookup_connection_value(connection, .HEADER_KIND, "Content-Length") else { return 0 }
        // Larger than any Int is larger than any limit; other nonsense was refused by the parser.
        return Int(String(cString: text)) ?? .max
    }

    private static func headers(_ connection: OpaquePointer) -> [(name: String, value: [UInt8])] {
        var fields: [(name: String, value: [UInt8])] = []
        fields.reserveCapacity(12)
        withUnsafeMutablePointer(to: &fields) { fields in
            _ = MHD_get_connection_values_n(
                connection, .HEADER_KIND,
                { closure, _, name, nameSize, value, valueSize in
                    guard let closure, let name else { return .YES }
                    let fields = closure.assumingMemoryBound(to: [(name: String, value: [UInt8])].self)
                    fields.pointee.append((Exchange.text(name, nameSize), Exchange.bytes(value, valueSize)))
                    return .YES
                }, fields)
        }
        return fields
    }

    private static func bytes(_ start: UnsafePointer<CChar>?, _ count: Int) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
    }

    private static func text(_ start: UnsafePointer<CChar>, _ count: Int) -> String {
        String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
    }

    private static func remoteAddress(_ connection: OpaquePointer) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            // A temporary allocation of 64 has a base address.
            guard let start = buffer.baseAddress else { return "" }
            cmicrohttpd_remote_address(connection, start, buffer.count)
            return String(cString: start)
        }
    }
}
