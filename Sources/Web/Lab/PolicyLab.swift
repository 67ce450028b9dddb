import Cycle
import Glibc
import Journal
import Model
import Policy
import Server
import Synchronization
import Views

/// Tries policies on the last days. One at a time, on a thread of its own that gives way to everything else, bounded in time
/// and memory; it reads the journal and writes nothing.
final class PolicyLab: Sendable {
    static let days = 7
    /// So long a replay may take; a longer one is for the command line.
    private static let mostSeconds: UInt64 = 120
    /// What the stories may hold, see ``ReplayStory/size``: some tens of megabytes.
    static let mostHeld = 100_000
    private static let mostKept = 8
    private static let keptFor: UInt64 = 1_800_000_000_000

    enum State: Sendable {
        /// Percent.
        case runs(Int)
        case done(Findings)
        case failed(String)
    }

    /// What a replay found.
    struct Findings: Sendable {
        let runtimes: [String]
        let from: Timestamp
        let until: Timestamp
        let comparison: ReplayComparison
        let gaps: [ReplayGap]
        let warnings: [String]
        /// What the rules of either side go by that the history has not, in sentences.
        let lacking: [String]
    }

    struct Trial: Sendable {
        let draft: LabDraft
        let begun: UInt64
        var state: State
    }

    private struct Trials {
        /// By id, the newest last.
        var all: [(id: String, trial: Trial)] = []
        var isBusy = false
        /// Who waits for the end of the one that goes on.
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let trials = Mutex(Trials())
    private let folder: StateFolder
    private let mostHeld: Int

    init(_ folder: StateFolder, mostHeld: Int = mostHeld) {
        self.folder = folder
        self.mostHeld = mostHeld
    }

    func trial(_ id: String, now: UInt64) -> Trial? {
        trials.withLock { trials in
            trials.all.removeAll { now &- $0.trial.begun > PolicyLab.keptFor }
            return trials.all.first { $0.id.isSame(as: id) }?.trial
        }
    }

    /// Comes back once no trial goes on.
    func idle() async {
        await withCheckedContinuation { waiter in
            let isIdle = trials.withLock { trials in
                if trials.isBusy { trials.waiting.append(waiter) }
                return !trials.isBusy
            }
            if isIdle { waiter.resume() }
        }
    }

    /// Begins a trial.
    /// - Parameters:
    ///   - new: the policies with the draft in them.
    ///   - old: those in force.
    /// - Returns: by which its state is asked for.
    func begin(
        _ draft: LabDraft, new: PolicySet, old: PolicySet, settings: MonitorSettings, now: Timestamp, monotonic: UInt64
    ) throws(Problem) -> String {
        let id = AccessToken.random(bytes: 12)
        let isFree = trials.withLock { trials in
            guard !trials.isBusy else { return false }
            trials.isBusy = true
            trials.all.append((id, Trial(draft: draft, begun: monotonic, state: .runs(0))))
            if trials.all.count > PolicyLab.mostKept { trials.all.removeFirst() }
            return true
        }
        guard isFree else {
            throw Problem(
                status: 429, title: "Busy",
                detail: "a policy is being tried already, and there is one trial at a time: try again in a minute",
                headers: [("Retry-After", "30")])
        }
        let run = Run(lab: self, id: id, new: new, old: old, settings: settings, now: now)
        var thread = pthread_t()
        let owned = Unmanaged.passRetained(run)
        let code = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Run>.fromOpaque(context).takeRetainedValue().go()
                return nil
            }, owned.toOpaque())
        guard code == 0 else {
            owned.release()
            settle(id, .failed("no thread could be started"))
            throw Problem(status: 503, title: "Not now", detail: "no thread could be started for it")
        }
        pthread_detach(thread)
        return id
    }

    private func note(_ id: String, _ state: State) {
        trials.withLock { trials in
            if let place = trials.all.firstIndex(where: { $0.id.isSame(as: id) }) { trials.all[place].trial.state = state }
        }
    }

    private func settle(_ id: String, _ state: State) {
        note(id, state)
        let waiting = trials.withLock { trials in
            defer { trials.waiting = [] }
            trials.isBusy = false
            return trials.waiting
        }
        for waiter in waiting { waiter.resume() }
    }

    /// One trial on its thread.
    private final class Run: Sendable {
        let lab: PolicyLab
        let id: String
        let new: PolicySet
        let old: PolicySet
        let settings: MonitorSettings
        let now: Timestamp

        init(lab: PolicyLab, id: String, new: PolicySet, old: PolicySet, settings: MonitorSettings, now: Timestamp) {
            (self.lab, self.id, self.new, self.old, self.settings, self.now) = (lab, id, new, old, settings, now)
        }

        private struct Stopped: Error {
            let why: String
        }

        func go() {
            // On Linux of the thread alone: cycles and the gate come first, whatever is tried.
            setpriority(Int32(PRIO_PROCESS.rawValue), 0, 19)
            do {
                lab.settle(id, .done(try findings()))
            } catch let stopped as Stopped {
                lab.settle(id, .failed(stopped.why))
            } catch {
                lab.settle(id, .failed("the history cannot be read: 'mozaiks-ops doctor' says why"))
            }
        }

        private func findings() throws -> Findings {
            let journal = try Journal.open(lab.folder, mode: .reader, busyTimeout: .seconds(1))
            defer { journal.close() }
            let known = try journal.historyRuntimes()
            let last = min(now.minute, (known.map(\.minutes.upperBound).max() ?? 0) + 1)
            // Before the first minute that was kept there was no monitor, and nothing that it could have missed.
            let begun = try known.map { try RecordedHistory.firstMinute(journal, runtime: $0.runtime, in: $0.minutes) }.min()
            let first = max((now - .hours(24 * PolicyLab.days)).minute, begun ?? .max)
            guard first < last else { throw Stopped(why: "there is no history of the last \(PolicyLab.days) days yet") }
            let started = Run.seconds()
            var shown = -1
            let runner = HistoryRunner(journal, settings: settings, runtimes: known.map(\.runtime), minutes: first..<last)
            let outcome = try runner.run([new, old]) { minute, size in
                guard size <= lab.mostHeld else {
                    throw Stopped(
                        why:
                            "more would happen than can be held: up to \(Timestamp(minute: minute)) it is already \(size / 10) incidents or so; a rule of it is true nearly always"
                    )
                }
                let percent = Int(max(0, minute - first) * 100 / (last - first))
                guard percent != shown else { return }
                shown = percent
                guard Run.seconds() - started < PolicyLab.mostSeconds else {
                    throw Stopped(
                        why:
                            "after \(PolicyLab.mostSeconds) seconds it had come to \(percent) %: so much history is for the command line, mozaiks-ops replay --since \(PolicyLab.days)d --policies FOLDER"
                    )
                }
                lab.note(id, .runs(percent))
            }
            return Findings(
                runtimes: known.map(\.runtime), from: Timestamp(minute: first), until: Timestamp(minute: last),
                comparison: ReplayComparison(old: outcome.stories[1], new: outcome.stories[0]), gaps: outcome.gaps,
                warnings: new.warnings.map(\.description), lacking: ReplayCaveat.lacking([new, old]))
        }

        private static func seconds() -> UInt64 {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return UInt64(time.tv_sec)
        }
    }
}
