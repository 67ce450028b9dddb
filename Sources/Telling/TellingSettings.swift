import Model

/// Who is to be told what, and when. From the configuration.
public struct TellingSettings: Hashable, Sendable {
    /// A way to tell people.
    public struct Channel: Hashable, Sendable {
        public let name: String
        /// Whether it wakes people: then it has a budget for the night, and is left alone outside of production.
        public let pages: Bool

        public init(_ name: String, pages: Bool = false) {
            self.name = name
            self.pages = pages
        }
    }

    /// Sends what it matches to its channels.
    public struct Route: Hashable, Sendable {
        public var match: IncidentMatch
        /// Nil: always.
        public var hours: Hours?
        /// Names of channels.
        public var channels: [String]
        /// No later route is asked once this one sends something.
        public var stop: Bool
        /// Its channels may page in environments other than production.
        public var pagesOutsideProduction: Bool

        public init(
            match: IncidentMatch = IncidentMatch(), hours: Hours? = nil, channels: [String], stop: Bool = false,
            pagesOutsideProduction: Bool = false
        ) {
            self.match = match
            self.hours = hours
            self.channels = channels
            self.stop = stop
            self.pagesOutsideProduction = pagesOutsideProduction
        }
    }

    /// Hours in which some incidents are expected: a silence that comes back by itself.
    public struct Maintenance: Hashable, Sendable {
        public let hours: Hours
        public let match: IncidentMatch
        public let comment: String

        public init(hours: Hours, match: IncidentMatch, comment: String) {
            self.hours = hours
            self.match = match
            self.comment = comment
        }
    }

    /// What opens together is told together.
    public struct Grouping: Hashable, Sendable {
        /// How long an opening waits for others; zero: only those of the same tick are together.
        public var wait = TimeSpan.zero
        /// So many are one message; fewer are one each.
        public var from = 3
        /// So many new threads on one channel; what opens beyond it is told together.
        public var limit = Pace(60, in: .hours(1))

        public init() {}
    }

    /// So many pages a night, then one digest.
    public struct PageBudget: Hashable, Sendable {
        public var pages: Int
        public var hours: Hours

        public init(pages: Int = 5, hours: Hours = Hours(days: Array(0..<7), from: 22 * 60, to: 7 * 60)) {
            self.pages = pages
            self.hours = hours
        }
    }

    public var channels: [Channel] = []
    /// None: everything to every channel.
    public var routes: [Route] = []
    public var maintenance: [Maintenance] = []
    /// Of all hours.
    public var zone = Zone.utc
    /// An open incident is told again after so long, then after twice as long, and so on. Absent: never.
    public var reminders: [Severity: TimeSpan] = [.critical: .hours(1), .warning: .hours(8)]
    public var grouping = Grouping()
    /// Nil: pages are not counted.
    public var pageBudget: PageBudget? = PageBudget()

    public init() {}

    /// The environment in which paging needs no word of its own.
    public static let production = "production"
    /// Between two reminders at most.
    static let longestReminder = TimeSpan.hours(24)
    /// Between two updates of a digest: at first, and at most.
    static let digestPause = (first: TimeSpan.minutes(1), longest: TimeSpan.minutes(15))
    /// A digest of a storm takes in what opens while the storm lasts, and this long after it last did.
    static let digestOpen = TimeSpan.minutes(10)
}
