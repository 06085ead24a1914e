//! Until when an invocation must have been answered.

use std::time::Duration;

use lambda_http::Context;

use crate::domain::Clock;

/// How long before the deadline an invocation is given up: what it takes to answer that, and to log it.
const ANSWER_TIME: Duration = Duration::from_millis(250);

/// How long an invocation may still take. `None`: there is no deadline, which only tests leave out.
///
/// Lambda itself kills a function at its deadline, but not on managed instances: there it would run on beside other requests.
pub(super) fn time_left(context: &Context, clock: &dyn Clock) -> Option<Duration> {
    let now = u64::try_from(clock.now().as_ms()).unwrap_or_default();
    let left = Duration::from_millis(context.deadline.saturating_sub(now));
    (context.deadline > 0).then(|| left.saturating_sub(ANSWER_TIME))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{FrozenClock, Timestamp};

    #[test]
    fn an_invocation_has_the_time_to_its_deadline_less_what_the_answer_takes() {
        let clock = FrozenClock::at(Timestamp::from_ms(1_795_348_800_000));
        let left = |deadline| {
            let mut context = Context::default();
            context.deadline = deadline;
            time_left(&context, &clock)
        };
        assert_eq!(left(1_795_348_810_000), Some(Duration::from_millis(9_750)));
        assert_eq!(left(1_795_348_800_100), Some(Duration::ZERO));
        assert_eq!(left(1_795_348_799_000), Some(Duration::ZERO), "it is over");
        assert_eq!(left(0), None);
    }
}
