//! Standard error from a thread of its own, for `run`.
//!
//! The guard shares its one thread with the log, and COMMAND shares its standard error: where nobody
//! reads that any more, a line would block the guard, and COMMAND would outlive its slot. So a line
//! that finds the queue full is lost, and counted. (To make the descriptor non-blocking would make
//! it so for COMMAND, too.)

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The lines that wait for a slow reader; a whole run that goes well has some twenty.
const LINES_MAX: usize = 1_000;

/// A writer whose every write is a line, and never waits.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    lines: VecDeque<Vec<u8>>,
    lost: u64,
    is_writing: bool,
}

impl Log {
    /// Starts the thread, which ends with the program.
    ///
    /// # Errors
    /// The kernel's, if it has no thread for us.
    pub fn start(sink: impl Write + Send + 'static) -> io::Result<Self> {
        let log = Self::default();
        let shared = Arc::clone(&log.0);
        thread::Builder::new().name("log".to_owned()).spawn(move || shared.write_all(sink))?;
        Ok(log)
    }

    /// Puts in the last line, for which there is always room, and waits until all is written, but
    /// only so long.
    pub fn finish(&self, last: String, within: Duration) {
        let mut queue = self.0.lock();
        queue.lines.push_back(last.into_bytes());
        self.0.changed.notify_all();
        let is_busy = |queue: &mut Queue| queue.is_writing || !queue.lines.is_empty();
        // What is not written by then has no reader.
        drop(self.0.changed.wait_timeout_while(queue, within, is_busy));
    }
}

impl Shared {
    /// A queue is whole whoever panicked with it.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_all(&self, mut sink: impl Write) {
        loop {
            let line = self.take();
            // A standard error that was closed is no fault: there is nowhere else to tell it.
            let _ = sink.write_all(&line).and_then(|()| sink.flush());
            self.lock().is_writing = false;
            self.changed.notify_all();
        }
    }

    fn take(&self) -> Vec<u8> {
        let empty = |queue: &mut Queue| queue.lines.is_empty();
        let waited = self.changed.wait_while(self.lock(), empty);
        let mut queue = waited.unwrap_or_else(PoisonError::into_inner);
        queue.is_writing = true;
        match std::mem::take(&mut queue.lost) {
            0 => queue.lines.pop_front().unwrap_or_default(),
            lost => format!("({lost} lines of the log are lost: nobody read it)\n").into_bytes(),
        }
    }
}

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut queue = self.0.lock();
        if queue.lines.len() < LINES_MAX {
            queue.lines.push_back(line.to_vec());
            self.0.changed.notify_all();
        } else {
            queue.lost += 1;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    use super::*;

    const SOON: Duration = Duration::from_secs(120);

    #[test]
    fn what_is_written_comes_in_order_and_the_last_line_last() {
        let (mut reader, sink) = UnixStream::pair().unwrap();
        let mut log = Log::start(sink).unwrap();
        log.write_all(b"one\n").unwrap();
        log.write_all(b"two\n").unwrap();
        log.finish("last\n".to_owned(), SOON);
        let mut seen = [0; 13];
        reader.read_exact(&mut seen).unwrap();
        assert_eq!(&seen, b"one\ntwo\nlast\n");
    }

    #[test]
    fn without_a_reader_nothing_waits_and_what_is_lost_is_told() {
        let (mut reader, sink) = UnixStream::pair().unwrap();
        let mut log = Log::start(sink).unwrap();
        let line = [&[b'x'; 999][..], b"\n"].concat();
        for _ in 0..LINES_MAX * 3 {
            log.write_all(&line).unwrap();
        }
        log.finish("last\n".to_owned(), Duration::from_millis(1));
        let reading = thread::spawn(move || {
            let (mut seen, mut part) = (String::new(), [0; 4096]);
            while !seen.ends_with("last\n") {
                let length = reader.read(&mut part).unwrap();
                seen.push_str(std::str::from_utf8(&part[..length]).unwrap());
            }
            seen
        });
        let seen = reading.join().unwrap();
        assert!(seen.contains(" lines of the log are lost"), "{}", seen.len());
    }
}
