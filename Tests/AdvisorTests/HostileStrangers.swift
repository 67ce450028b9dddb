/// Texts by somebody who knew the word lists and not the rest of the check. The first part as summaries, the second as steps.
let hostileStatements = """
    The incident has ended.
    The runs of app_1 have ended, and the load is steady again.
    The database is unreachable since the last release.
    The provider has failed.
    The last deployment caused it, and the database fails.
    Nobody is waiting and nobody is affected.
    This is a test.
    The rule is a bug, and the readings are wrong.
    The reading is a bug.
    This rule fires often, as tests do.
    It is a test of the owner of app_1.
    Nobody starts runs now.
    One user of app_1 starts the runs.
    Nearly the whole runtime is app_1.
    app_1 may run.
    The runs of app_1 may run.
    It may run.
    The customer may run app_1.
    app_1 may run above the limit.
    app_1 could run with the threshold.
    Probably app_1 may run.
    The workflow may run for the customer.
    The runs of app_1 are tests, so nobody waits.
    The other tenants are steady and their users are answered.
    The server was restarted after the last release.
    The customer has changed the prompts since the last release.
    app_1 was restarted.
    The limit of app_1 was released.
    The limits were changed before the incident.
    The incident ends itself.
    It ends by itself, as usual.
    The runs end by themselves within minutes.
    It could end by itself within the hour.
    The whole machine is failing, and the queue grows.
    The users of app_1 share tokens.
    The tokens of app_1 are known to other users.
    The tokens were found in the chats.
    The condition is known and not unusual.
    The load is similar to the usual load.
    The spending of app_1 exceeds its limit.
    The spike ended before the first poll.
    App_1 belongs to another customer.
    app_1 belongs to the same customer as the other apps.
    The latest release fails.
    The requests time out.
    The machine runs hot.
    The memory of the machine is nearly at its limit.
    The incident is almost over now.
    A run that is not ended by the team ends by itself.
    Those on watch can rest.
    One could rest until the next incident.
    Rest now.
    There is time.
    The rest can be left.
    It lasts, and then it ends.
    The model wrote this.
    This answer is from the team.
    This is known to the owner.
    It is known to the customer, who has been asked.
    The customer was asked and has answered.
    Team and customer know.
    The limit holds app_1.
    app_1 is limited.
    app_1 was held.
    The runs of app_1 are being held.
    app_1 is being throttled.
    The pause holds.
    """

let hostileSteps = """
    Could the team restart the runtime?
    Could the owners end the runs of app_1?
    Can the team limit app_1?
    May the owner end it?
    Who ends the runs of app_1?
    Who restarts the runtime?
    Why has nobody ended the runs of app_1?
    Why is app_1 still running?
    Is it time for a restart?
    Should the team restart the runtime?
    Should app_1 be limited?
    Ask the owner what the tokens are.
    Ask the users of app_1 what their tokens are.
    Ask the tenant about the tokens of its users.
    List the tokens of the users.
    Read the chats of the users of app_1.
    Search the chats for tokens.
    See that app_1 ends its runs.
    Check that the runs of app_1 end.
    Watch that nobody starts runs of app_1.
    Ask the team whether it can restart the runtime.
    Ask the owner if the team may end the runs.
    Ask the team who can end app_1.
    Determine who restarts the runtime.
    Note that the incident has ended.
    Note that this is a test.
    Note that the owner has answered.
    Note that the restart was planned.
    See it as a test.
    Check whether the team can release the limit.
    Find out how the limit of app_1 is released.
    Look at how one ends the runs of app_1.
    Look at the next incident.
    Look at the other incidents first, as this ends by itself.
    Watch the runs until the next release.
    Ask the provider for a release.
    Ask for tokens, and see who answers.
    Ask whether.
    Ask the owner who may end runs, then end the runs.
    Check app_1, then restart it.
    Compare the runs with a restart.
    Verify the tokens of the owner.
    Verify the customer by its tokens.
    Test whether the runtime answers after a restart.
    Measure how the runtime answers under load.
    Determine the limit at which the runtime fails.
    Find the load at which the database fails.
    Could it be ended by a restart?
    Does the runtime answer after a restart?
    What happens after a restart?
    What if the runs were ended?
    Do the owners know that a restart ends it?
    Is a restart planned?
    Which of the owners can end it?
    Who can open the limits?
    Why wait?
    Why ask?
    Who else can be asked for tokens?
    How long can one wait?
    Could one wait for the next day?
    Is it not a test?
    Is it known that app_1 burns the tokens of others?
    Does the tenant know that its tokens are known?
    Have the users been asked for their tokens?
    Look for tokens in the inputs of the users.
    Track the user.
    Read the inputs of users.
    Trace the host of the user.
    """
