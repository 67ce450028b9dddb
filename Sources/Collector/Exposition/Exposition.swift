import Model

/// Reads pages of metrics: Prometheus' text format 0.0.4 and OpenMetrics 1.0.
///
/// A page is read whole or not at all, as Prometheus does it: half a page would be read as series that went away. What the
/// text format leaves open is read as Prometheus' server reads it (comments, blanks, a family that comes in two parts);
/// OpenMetrics is read as strictly as its text has it. Total on any bytes.
public enum Exposition {
    /// Bytes of the longest page that is read.
    public static let longestPage = 8 << 20
    /// Samples of the longest page.
    public static let mostSamples = 100_000
    /// Families, by their `TYPE` lines or by their samples.
    public static let mostFamilies = 20_000
    /// Labels of one sample.
    public static let mostLabels = 64

    /// How a page with this content type is written; nil: it is no page of metrics that can be read. A page without a type is
    /// taken for the text format, as every exporter wrote it once.
    public static func dialect(_ contentType: String?) -> MetricsPage.Dialect? {
        guard let contentType else { return .text }
        let parts = contentType.utf8.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
        switch String(decoding: ExpositionText.trimmed(parts[0]), as: UTF8.self).lowercased() {
        case "application/openmetrics-text": return .openMetrics
        case "text/plain", "": return .text
        default: return nil
        }
    }

    /// The page, or the first line that cannot be read.
    public static func read(_ bytes: UnsafeRawBufferPointer, _ dialect: MetricsPage.Dialect) throws(ExpositionFault) -> MetricsPage {
        guard bytes.count <= longestPage else {
            throw ExpositionFault(line: 0, "a page of more than \(longestPage >> 20) MB")
        }
        var reader = ExpositionReader(dialect)
        var start = 0
        var line = 0
        while start < bytes.count {
            line += 1
            var end = start
            while end < bytes.count, bytes[end] != 0x0A { end += 1 }
            let isWhole = end < bytes.count
            let next = isWhole ? end + 1 : end
            // Files that passed through Windows; OpenMetrics has line feeds and nothing else.
            if dialect == .text, end > start, bytes[end - 1] == 0x0D { end -= 1 }
            do throws(ExpositionText.Fault) {
                try reader.read(ExpositionText(UnsafeRawBufferPointer(rebasing: bytes[start..<end])))
            } catch {
                throw ExpositionFault(line: line, error.message)
            }
            start = next
        }
        if let missing = reader.lacking { throw ExpositionFault(line: line, missing) }
        return reader.page
    }
}

/// Why a page cannot be read. Holds nothing of the page.
public struct ExpositionFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// From 1; 0: it is about the page as a whole.
    public let line: Int
    public let reason: String

    init(line: Int, _ reason: String) {
        self.line = line
        self.reason = reason
    }

    public var description: String { line == 0 ? reason : "line \(line): \(reason)" }
}
