import Glibc
import JSONParsing
import Model
import Text

@testable import Actions
@testable import Collector
@testable import Server

/// What comes over the network, or lies in files that it came to.
enum WireReading {
    /// In both dialects a page, or a fault in a line that there is.
    static func metricsPage(_ bytes: [UInt8]) -> String? {
        let lines = bytes.count { $0 == 10 } + 1
        for dialect in [MetricsPage.Dialect.text, .openMetrics] {
            let read = bytes.withUnsafeBytes { bytes in
                Result { () throws(ExpositionFault) in try Exposition.read(bytes, dialect) }
            }
            if case .failure(let fault) = read, !(0...lines).contains(fault.line) { return "a fault in line \(fault.line) of \(lines)" }
        }
        return nil
    }

    /// A tape is read to its end, or to an error that stays.
    static func tape(_ bytes: [UInt8]) -> String? {
        guard let file = tmpfile() else { return nil }
        defer { fclose(file) }
        guard fwrite(bytes, 1, bytes.count, file) == bytes.count, fflush(file) == 0 else { return nil }
        rewind(file)
        do {
            var reader = try TapeReader(descriptor: fileno(file), name: "fuzz.tape")
            var lines = 0
            while let line = try reader.next() {
                lines += 1
                if case .exchange(let observation) = line { _ = Decoder.decode(observation) }
                if lines > bytes.count { return "more lines than bytes" }
            }
        } catch {}
        return nil
    }

    /// What was read and is written reads the same again.
    static func json(_ bytes: [UInt8]) -> String? {
        guard let read = try? JSONParser.document(of: bytes, limits: .init(bytes: 1 << 20, depth: 64)) else { return nil }
        let written = read.value.serializedBytes()
        guard let again = try? JSON(parsing: written, limits: .init(depth: 64)) else { return "what was written cannot be read" }
        return again.serializedBytes() == written ? nil : "what was written reads differently"
    }

    /// What is taken for a start says something of whose it is.
    static func gateTarget(_ bytes: [UInt8]) -> String? {
        for method in ["GET", "POST"] {
            guard let route = StartRoute(method: method, target: bytes), route.spelling == .direct else { continue }
            if route.app.bytes.isEmpty, route.pack == nil, route.chat == nil { return "a start of nobody" }
        }
        return nil
    }

    /// Percent-encoding undoes itself, and a value in a query is found under its name.
    static func request(_ bytes: [UInt8]) -> String? {
        let encoded = PercentEncoding.encode(bytes)
        guard PercentEncoding.decode(encoded.utf8) == bytes else { return "encoded is not decoded" }
        let request = ServerRequest(target: "/x?a=\(encoded)&b=1")
        guard request.queryBytes("a") == bytes, request.queryBytes("b") == [0x31] else { return "a value in a query is lost" }
        let raw = ServerRequest(target: String(decoding: bytes, as: UTF8.self))
        _ = (raw.path, raw.queryValue("q"), raw.header("Cookie"))
        return nil
    }
}
