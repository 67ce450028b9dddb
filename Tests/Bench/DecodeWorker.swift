import BenchReference
import Collector
import Foundation
import Model

/// Decodes one body on request, by one of three readers: a line `ours 5` on standard input is answered with the
/// processor seconds that each of five decodings took, on average. The driver asks in turns, so that all meet the same machine.
enum DecodeWorker {
    static func run(_ words: ArraySlice<String>) throws {
        guard let path = words.first else { throw BenchFailure("decode needs a file") }
        let file = try FileBody(path)
        let body = Body(file)
        let data = Data(body.bytes)
        report("bytes", Double(body.count))
        report("chats", Double(try PerfDecoder.decode(body).chats.count))
        while let line = readLine() {
            let parts = line.split(separator: " ")
            guard parts.count == 2, let times = Int(parts[1]), times > 0 else {
                throw BenchFailure("ask: READER TIMES")
            }
            let started = threadSeconds()
            for _ in 0..<times { try decode(String(parts[0]), body, file, data) }
            report(String(parts[0]), (threadSeconds() - started) / Double(times))
        }
    }

    /// Each reader must have seen the same sums; a reader that skips work is found out.
    private static func decode(_ reader: String, _ body: Body, _ file: FileBody, _ data: Data) throws {
        switch reader {
        case "ours":
            let table = try PerfDecoder.decode(body)
            try check(
                reader, chats: table.chats.count, turns: table.chats.reduce(0) { $0 + $1.agentTurns }, table.totals)
        case "simdjson":
            var sums = benchreference_sums()
            let isBody = file.withBytes { bytes in
                benchreference_ondemand(bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, &sums)
            }
            guard isBody, sums.chats > 0 else { throw BenchFailure("simdjson could not read the body") }
        case "jsondecoder":
            let table = try JSONDecoder().decode(CodablePerfBody.self, from: data)
            guard table.chats.reduce(0, { $0 + $1.agentTurns }) == table.agentTurns else {
                throw BenchFailure("JSONDecoder read other numbers")
            }
        default: throw BenchFailure("no reader '\(reader)'")
        }
    }

    private static func check(_ reader: String, chats: Int, turns: Int64, _ totals: PerfTotals?) throws {
        guard Int64(chats) == totals?.trackedChats, turns == totals?.agentTurns else {
            throw BenchFailure("\(reader) read other numbers than the totals say")
        }
    }
}

/// How much memory a process needs at most to hold and decode one body.
enum DecodeMemory {
    static func run(_ words: ArraySlice<String>) throws {
        guard let path = words.first else { throw BenchFailure("memory needs a file") }
        let before = try highWaterMark()
        let body = Body(try FileBody(path))
        let table = try PerfDecoder.decode(body)
        report("chats", Double(table.chats.count))
        report("body", Double(body.count))
        report("before", before)
        report("peak", try highWaterMark())
    }

    /// `VmHWM` in bytes: the most that was ever resident.
    private static func highWaterMark() throws -> Double {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kilobytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap({
                Double($0)
            })
        else { throw BenchFailure("/proc/self/status names no VmHWM") }
        return kilobytes * 1_024
    }
}
