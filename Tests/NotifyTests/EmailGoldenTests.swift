import HTTP
import Model
import TestKit
import Testing

@testable import Notify

/// Mails as they are sent, byte for byte: `golden/NAME.eml` opens in any mail client.
@Suite struct EmailGoldenTests {
    static let messages: [(name: String, message: Message)] =
        [("noisy-charts", charts)]
        + Sample.messages.filter {
            [
                "noisy-resolved-lease-over", "runtime-down-staging", "saturated-paused", "reminder", "approval", "verified",
                "acknowledged", "advice", "digest-storm", "digest-over",
            ].contains($0.name)
        }

    /// With evidence: one series that climbs over its threshold, one with a gap.
    private static var charts: Message {
        let opened = Sample.messages[0].message
        var incident = opened.incident
        let share: [Double?] = [
            12, 14, 11, 13, 12, 15, 18, 17, 22, 26, 24, 31, 35, 38, 41, 44, 47, 52, 50, 55, 58, 57, 61.1,
        ]
        let runs: [Double?] = [
            21, 24, 20, 22, nil, nil, nil, 40, 44, 48, 47, 60, 71, 76, 80, 84, 92, 99, 97, 104, 111, 109, 118,
        ]
        incident.evidence = [
            series("active_runs.share", .percent, share), series("runtime.active_runs", .runs, runs),
            series("runtime.active_apps", .apps, Array(repeating: 5, count: 23)),
        ]
        return Sample.message(.opened, incident, 300)
    }

    private static func series(_ name: String, _ unit: Unit, _ values: [Double?]) -> EvidenceSeries {
        EvidenceSeries(
            series: name, unit: unit,
            points: values.enumerated().map { index, value in
                .init(
                    at: Sample.at(Double(index) * 13),
                    evidence: value.map(Evidence.value) ?? .missing(.unreachable))
            })
    }

    @Test("as sent", arguments: messages.map(\.name))
    func golden(name: String) throws {
        let message = try #require(Self.messages.first { $0.name == name }).message
        let from = try #require(MailAddress("ops@example.com"))
        let to = [
            try #require(MailAddress("Dana Müller <dana@example.com>")),
            try #require(MailAddress("oncall@example.com")),
        ]
        let bytes = EmailMessage.bytes(message, from: from, to: to, channel: "ops")
        Golden.expect(String(decoding: bytes, as: UTF8.self), is: name + ".eml")
    }
}
