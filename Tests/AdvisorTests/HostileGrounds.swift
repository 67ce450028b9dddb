/// Texts of harmless words whose claims nobody looked at: comparisons, amounts, history, states of others. Written before
/// the check that refuses them. The first part as summaries, then causes, then steps; all of them about one app whose share
/// of the active runs is above its threshold.
let groundlessSummaries = """
    # All-clears by comparison
    The share is under its threshold.
    app_1 is below 40%.
    The share is below 61.1%.
    The share of app_1 is less than 40%.
    The share is lower than its threshold.
    The runs are within the threshold.
    app_1 is near its threshold.
    The share is around the threshold.
    The share is about the threshold of 40%.
    The share reached the threshold.
    The share is at 40%.
    The share is at the level of the threshold.
    The share falls.
    The share is falling.
    The share fell to 38.4%.
    The share fell from 61.1% to 38.4%.
    The runs are falling again.
    The share is low.
    The load is low.
    The share is lower.
    The runs are fast.
    The share is the same as the threshold.
    The share is similar to the threshold.
    The runs stay below the threshold.
    The share stays steady.
    The share is steady.
    The load is constant.
    app_1 holds less than 40% of the active runs.
    app_1 holds at most 40% of the active runs.
    app_1 holds no more than 40%.
    The share is not above its threshold.
    The condition is not true.
    The share is above its threshold by plan.
    The load is regular.
    The growth is as scheduled.
    The runs go as meant.
    The share is as ordinary as before.
    It is as steady as before.
    The runs make progress.
    The runs answer.
    The app is well.
    # Amounts that nobody counted
    Each run is of app_1.
    Each tenant holds its share.
    Each of the apps is busy.
    The whole runtime is of app_1.
    The whole load comes from app_1.
    Only app_1 is above its threshold.
    Only one app has active runs.
    app_1 is the only app.
    app_1 is the largest app of the runtime.
    app_1 has the most runs.
    app_1 has the highest share of the apps.
    app_1 has the longest runs.
    app_1 has the oldest runs.
    Most of the users start runs.
    Most of the time app_1 is above its threshold.
    Most of the load comes from one user.
    Most of the other apps are above the threshold.
    The other apps hold most of the active runs.
    Most of the apps hold runs.
    Most of the tokens are of app_1.
    Most of the runs are open.
    Most of the runs are new.
    Most of the apps are busy.
    Nobody else has active runs.
    Nearly the whole share is of app_1.
    The runs are mostly of app_1.
    The load is mainly of app_1.
    app_1 often holds the active runs.
    app_1 usually holds the active runs.
    app_1 always holds the active runs.
    The runs come repeatedly from app_1.
    The apps have the same number of runs.
    More apps are above the threshold than below.
    app_1 has more runs than before.
    app_1 has more users than the other apps.
    # History
    The share was lower before.
    The share was high before.
    app_1 was above its threshold again.
    The share is above its threshold again.
    The share is high as before.
    It was above 40% before.
    It is as high as before.
    The previous share was higher.
    The last share was lower.
    The share is high for the first time.
    app_1 is an old app.
    app_1 is a new app.
    The threshold is new.
    The threshold was lower.
    The threshold is old.
    The threshold was 40% before.
    The rule is new.
    The incident is old.
    The runs are recent.
    The runs are young again.
    The load is unusual.
    The load is usually lower.
    The load is usual for app_1.
    The load was ordinary before.
    The share is later lower.
    The share was earlier higher.
    # Faults of others
    The runtime fails.
    The runtime is silent.
    The runtime waits.
    The runtime answers slowly.
    The runs are slow.
    The runs are silent.
    The runs are stalled.
    The runs fail.
    The runs wait.
    The runs loop.
    The runs time out.
    The runs have errors.
    Its runs end with errors.
    app_1 has errors.
    app_1 is slow.
    app_1 waits.
    app_1 is silent.
    The apps have errors.
    The apps wait for each other.
    The other apps are stalled.
    The other apps are silent.
    The other apps fail.
    The other apps are busy.
    The others are slower.
    The other apps have no errors.
    Another app is slow.
    Another app holds more runs.
    app_1 holds the other apps.
    app_1 takes runs from the other apps.
    app_1 slows.
    The latency is high.
    The error rate is high.
    The cost is high.
    The queue is long.
    The backlog grows.
    The memory is high.
    The network is slow.
    The host is busy.
    The replica is slow.
    The connections are open.
    The tools are slow.
    The agents loop.
    A user starts runs in a loop.
    The script of a user loops.
    The runs are repeated.
    The threshold holds.
    The runtime is held.
    The app holds.
    # Of whom it is said
    The load is active.
    The app is active.
    The runs are open.
    The runtime is open.
    The incident is active.
    The share of the runtime is above its threshold.
    The runtime is above its threshold.
    The runs are above the threshold.
    The runs of app_1 exceed their threshold.
    The load is over the threshold.
    The load exceeds the limit.
    The app is high.
    app_1 is high.
    The runs are high.
    The runtime is elevated.
    The runtime is busy.
    The runs are busy.
    The load is busy.
    It is of the runtime.
    The load is of app_1.
    It is on the runtime.
    The rule keeps rising.
    The condition rises.
    The incident is rising.
    The runtime is rising.
    The runtime keeps growing.
    # Numbers
    There are -118 active runs.
    There are –118 active runs.
    The share is -61.1%.
    The share is - 61.1%.
    There are -five apps.
    The share is above zero.
    app_1 holds zero of the runs.
    The share rose from zero to 61.1%.
    The share rose from 0 to 61.1%.
    """

let groundlessCauses = """
    Probably the share is below its threshold.
    Probably the app is at its threshold.
    The load may be usual.
    The load may be as planned.
    Probably as usual.
    Probably each user of app_1 starts runs.
    Probably most of the apps are slow.
    Probably the other apps are slow.
    The other apps may wait for app_1.
    Perhaps other apps have errors.
    It may be as high as before.
    The share was probably high before.
    Probably the share is lower again.
    Probably app_1 is the only app.
    Probably app_1 is the largest app.
    Probably a loop. The runtime is slow.
    Probably a loop. Its runs have errors.
    Probably a loop. The app is new.
    The runs may be old.
    Probably the app falls below its threshold.
    Probably the threshold.
    Probably the rule.
    It may be the condition.
    Perhaps its share.
    It could be the limit of the rule.
    Probably the users wait.
    The customers may wait.
    Perhaps the apps are waiting.
    Probably the share stays.
    The rate may remain.
    """

let groundlessSteps = """
    # Assertions inside a look
    Look at the lower threshold.
    Look at the old threshold.
    Look at the new limit of app_1.
    Look at the threshold before it was lower.
    Look at how high the threshold was.
    Look at the slow runtime.
    Look at the slow runs of app_1.
    Look at the errors that the other apps have.
    Look at how the other apps wait.
    Look at why the provider is slow.
    Look at the silent runs of app_1.
    Look at each app that is above its threshold.
    Look at the runs that are usual for app_1.
    Look at the largest app of the runtime.
    Look at the oldest runs of app_1.
    Check why the runs fail.
    Check why the share is below its threshold.
    Check that the share is below its threshold.
    Check what the threshold was before.
    Check what the share was before.
    Check whether the limit is too low.
    Check whether the limit was higher before.
    Check whether the threshold is higher.
    Check whether a higher limit is usual.
    Check whether the threshold could be above the share.
    Compare the threshold with a lower one.
    Compare the limit with the old one.
    Compare the share with a higher threshold.
    Compare zero with the share of app_1.
    Compare the share with -61.1%.
    Compare the runs with zero runs.
    Compare the runs with the failed runs of the provider.
    Compare the share with what is usual.
    Compare the share with the share before.
    Ask the tenant for fewer runs.
    Ask the tenant about a lower share.
    Ask the tenant about a higher limit.
    Ask the owner how the limit was before.
    Ask the tenant why its runs are slow.
    Ask the tenant why most of its runs fail.
    Find out why the runtime is slow.
    Find out why the other apps are slow.
    Why is the runtime slow?
    Why are the other apps waiting?
    Why do the runs of app_1 have errors?
    Why is the share below its threshold?
    What was the threshold before?
    Is a higher threshold usual?
    Is the threshold lower than before?
    Look at the threshold that app_1 had.
    Compare the limit that app_1 had with its share.
    Look at which user is an app.
    Find out which customer is the runtime.
    Look at who is a customer.
    Look at the nobody runs.
    Compare the share with its growth.
    Compare the runs with its rise.
    """

/// What a good model writes about it in words other than those of `benignStatements`.
let groundedStatements = """
    The share of app_1 exceeds its threshold.
    The share exceeds the threshold of 40%.
    app_1 holds more than 40% of the active runs.
    The share of active runs is 61.1%, above 40%.
    The active runs of the runtime rose from 88 to 118.
    The active runs keep rising.
    The number of active apps stays at 5.
    The share is high and still rising.
    The app has more active runs than the other apps.
    The condition holds.
    app_1 is above its threshold.
    One app takes 61.1% of 118 active runs.
    App_1 holds more than the threshold of the active runs.
    One app has most of the active runs of the runtime.
    """

let groundedCauses = """
    Probably one user of app_1 starts runs in a loop.
    A client of app_1 may start runs again and again.
    Probably a slow provider, so runs last longer.
    A new release may start more runs than before.
    Possibly a retry loop in a workflow.
    """

let groundedSteps = """
    Compare the active runs of each app.
    Check whether the provider is slow.
    Check whether the runs have errors.
    Look at which workflow started most of the runs.
    Check whether the share is still above its threshold.
    Are the runs of app_1 slow?
    Ask the tenant whether its load is planned.
    Find out which user has most of the runs.
    Compare the runs of app_1 with those of the other apps.
    """
