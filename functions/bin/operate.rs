//! The bundle `operate`: what is invoked by schedules, streams, queues and operators, and what hands work over to a queue.

use std::process::ExitCode;

use shared::api::lambda::Bundle;
use shared::platform::aws::platform::{
    for_auditing, for_collecting, for_minting, for_operations, for_queueing, for_signals, for_work,
};

fn main() -> ExitCode {
    Bundle::new()
        .endpoints(functions::queueing(), for_queueing)
        .endpoints(functions::streaming(), for_signals)
        .endpoints(functions::signalling(), async |config| for_collecting(config))
        .operations(functions::queue_work(), async |config| for_work(config))
        .operations(functions::operate(), async |config| for_operations(config))
        .operations(functions::status_lists(), for_minting)
        .operations(functions::signal_collecting(), async |config| for_collecting(config))
        .operations(functions::signal_pushing(), for_signals)
        .operations(functions::audit(), async |_| for_auditing())
        .main()
}
