//! What is logged while the tests run.

use std::cell::RefCell;
use std::io::Write;
use std::sync::{Mutex, Once};

static OF_ALL: Mutex<Vec<u8>> = Mutex::new(Vec::new());

thread_local! {
    static OF_THIS_THREAD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Begins the log of this process, if nobody has. A subscriber for one thread alone would miss what another thread has logged first.
pub(crate) fn begin() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).with_ansi(false).with_writer(|| Writer).init();
    });
}

/// All of it, that of other tests with it.
pub(crate) fn of_all() -> Vec<u8> {
    OF_ALL.lock().unwrap().clone()
}

/// What this test's thread has logged since it was last asked for: all that a service in process does.
pub(crate) fn drain() -> String {
    OF_THIS_THREAD.with(|log| String::from_utf8(log.take()).unwrap())
}

struct Writer;

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        OF_ALL.lock().unwrap().extend_from_slice(bytes);
        OF_THIS_THREAD.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
