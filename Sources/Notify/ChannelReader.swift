import Ambient
import Model
import Settings
import YAML

/// Reads a channel of `channels`.
public struct ChannelReader {
    private let reader: SettingReader
    private var reporter: Reporter { reader.reporter }

    public init(reader: SettingReader) {
        self.reader = reader
    }

    static let pages = SettingKey(
        "pages", .flag,
        fallback: "true for \(ChannelKinds.all.filter { $0.pages }.map { $0.key.name }.joined(separator: ", ")), false for others",
        "Whether it wakes people: it then has a budget, and is used in production only")
    static let rate = SettingKey("rate", .pace, fallback: "what such a service takes", "So many messages in so long at most")
    /// The keys of a channel.
    public static let section = SettingSection(
        ChannelKinds.all.map { $0.key } + [pages, rate, ChannelTemplateReader.inlineKey, ChannelTemplateReader.fileKey],
        isOneOf: ChannelKinds.all.map { $0.key })

    /// Nil, and reported, where it cannot be read.
    /// - Parameter entry: the channel's name and what stands there.
    public func read(_ entry: YAMLNode.Entry) -> ChannelSettings? {
        guard reader.isName(entry.name) else {
            reporter.report("name", "'\(entry.name)' cannot name a channel", at: entry.key)
            return nil
        }
        guard let fields = Fields(entry.value, "a channel", reporter, place: entry.key.start) else { return nil }
        defer { fields.finish() }
        let pages = reader.flag(fields, ChannelReader.pages)
        let pace = fields.node(ChannelReader.rate).flatMap { reader.pace($0, "rate") }
        let found = kind(fields)
        let template = template(fields, found?.type)
        guard let found, let kind = found.kind else {
            if entry.value.entries?.isEmpty == true {
                reporter.report("missing-key", "a channel needs a kind", at: entry.key, hint: "slack: {webhook_url_file: …}")
            }
            return nil
        }
        var settings = ChannelSettings(name: entry.name, kind: kind, pages: pages, pace: pace, origin: reader.origin(entry.key))
        settings.template = template
        settings.tls = found.tls
        return settings
    }

    private typealias Found = (type: any ChannelKind.Type, kind: (any ChannelKind)?, tls: TLSFiles)

    /// The kind that a channel names, nil where it names none; without settings (reported) where they cannot be read.
    private func kind(_ channel: Fields) -> Found? {
        var found: Found?
        for type in ChannelKinds.all {
            guard let entry = channel.entry(type.key) else { continue }
            if let found {
                reporter.report(
                    "kind", "'\(type.key.name)' stands beside '\(found.type.key.name)': a channel is of one kind", at: entry.key,
                    hint: "make two channels, and name both in 'routes:'")
                continue
            }
            found = (type, nil, TLSFiles())
            guard let fields = Fields(entry.value, "'\(entry.name)'", reporter, place: entry.key.start) else { continue }
            let tls = type.hasTLSFiles ? TLSReader(reader: reader).read(fields) : TLSFiles()
            found = (type, type.init(fields, reader), tls)
            fields.finish()
        }
        return found
    }

    private func template(_ fields: Fields, _ type: (any ChannelKind.Type)?) -> MessageTemplate {
        let wording = type?.wording ?? .words
        let template = ChannelTemplateReader(reader: reader).read(fields, hasSubject: wording == .wordsAndSubject)
        if wording == .none, let entry = fields.entry(ChannelTemplateReader.inlineKey) ?? fields.entry(ChannelTemplateReader.fileKey) {
            reporter.report(
                "template", "a webhook sends data, which no template words", at: entry.key, hint: "leave it out")
        }
        return template
    }
}
