import Ambient
import Model
import Settings
import YAML

/// A kind of channel: what stands under its key, how that is read, and what is made of it. All of it is in the kind's own file;
/// ``ChannelKinds`` lists them.
public protocol ChannelKind: Sendable, Equatable {
    /// `slack`, and the keys below it.
    static var key: SettingKey { get }
    /// Whether channels of this kind wake people unless the configuration says otherwise.
    static var pages: Bool { get }
    /// What such a service takes without complaint; nil: whatever comes.
    static var pace: Pace? { get }
    /// What of its messages an operator may word.
    static var wording: ChannelWording { get }
    /// Whether the files of TLS stand among its keys.
    static var hasTLSFiles: Bool { get }

    /// Reads what stands there; nil, and reported, where it cannot be read.
    init?(_ fields: Fields, _ reader: SettingReader)

    /// For `config show`: without anything secret.
    var summary: String { get }
    /// Each with what it is for: `the token`.
    var secrets: [SecretUse] { get }

    /// Reads no secret yet, and sends nothing.
    func channel(_ name: String, _ means: Means) -> any Channel
}

/// What of a channel's messages an operator may word.
public enum ChannelWording: Sendable {
    /// It sends data.
    case none
    case words
    case wordsAndSubject
}

extension ChannelKind {
    public static var pages: Bool { false }
    public static var pace: Pace? { nil }
    public static var wording: ChannelWording { .words }
    public static var hasTLSFiles: Bool { true }

    fileprivate func isSame(_ other: any ChannelKind) -> Bool { (other as? Self) == self }
}

/// The kinds of channels that there are: a line each.
public enum ChannelKinds {
    public static let all: [any ChannelKind.Type] = [
        SlackSettings.self, EmailChannel.Settings.self, Webhook.Settings.self, PagerDuty.Settings.self, Alertmanager.Settings.self,
        GitHubIssue.Settings.self,
    ]
}

/// A way to tell people.
public struct ChannelSettings: Sendable {
    public let name: String
    public let kind: any ChannelKind
    /// Whether it wakes people.
    public let pages: Bool
    /// So many messages within so long at most; nil: as fast as the service takes them.
    public let pace: Pace?
    /// What is worded otherwise in this channel.
    public var template = MessageTemplate()
    /// For its service.
    public var tls = TLSFiles()
    public let origin: SettingOrigin

    /// - Parameters:
    ///   - pages: nil: as its kind does.
    ///   - pace: nil: what its kind of service takes.
    public init(name: String, kind: any ChannelKind, pages: Bool? = nil, pace: Pace? = nil, origin: SettingOrigin) {
        self.name = name
        self.kind = kind
        self.pages = pages ?? type(of: kind).pages
        self.pace = pace ?? type(of: kind).pace
        self.origin = origin
    }

    /// Whether its messages go the same way, in the same words and at the same pace; wherever that is written, and whoever
    /// is woken by it.
    public func isSame(_ other: ChannelSettings) -> Bool {
        name.isSame(as: other.name) && kind.isSame(other.kind) && pace == other.pace && template == other.template && tls == other.tls
    }

    /// Its secrets, each with what it is for: `the token`.
    public var secrets: [SecretUse] { kind.secrets }

    /// The channel that it describes.
    public func channel(_ means: Means) -> any Channel {
        let channel = kind.channel(name, means.using(tls))
        guard var worded = channel as? any WordedChannel else { return channel }
        worded.template = template
        return worded
    }

    /// For `config show`: the kind, and what it is without anything secret; and what differs from its kind's usual.
    public var entries: [SettingEntry] {
        let place = "channels.\(name)"
        let key = type(of: kind).key.name
        var entries = [SettingEntry(key: "\(place).\(key)", value: kind.summary, origin: origin)]
        entries += tls.entries("\(place).\(key)", origin)
        if pages != type(of: kind).pages {
            entries.append(SettingEntry(key: place + ".pages", value: pages ? "true" : "false", origin: origin))
        }
        if let pace, pace != type(of: kind).pace { entries.append(SettingEntry(key: place + ".rate", value: "\(pace)", origin: origin)) }
        return entries
    }
}
