//! On a terminal: it asks, and what has changed while a person thinks is not taken.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use super::cast::{Cast, RECLAIMED, Says, changes_nothing, eni};
use crate::region::{Instance, POOL, Region, eventually, program};

/// `steadfast` on a pseudo-terminal of an instance.
pub struct Terminal {
    child: Child,
    typed: ChildStdin,
    shown: ChildStdout,
    text: String,
}

impl Terminal {
    fn start(instance: &Instance<'_>, args: &[&str]) -> Self {
        Self::of(instance, &[&["reclaim", "--pool", POOL], args].concat())
    }

    pub fn of(instance: &Instance<'_>, args: &[&str]) -> Self {
        let line = [&[program()], args].concat().join(" ");
        let mut command = instance.command(&["script", "-qec", &line, "/dev/null"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let (typed, shown) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, typed, shown, text: String::new() }
    }

    /// Waits for the question.
    pub fn asks(&mut self) -> &str {
        let mut byte = [0];
        while !self.text.ends_with("[y/N] ") {
            let read = self.shown.read(&mut byte).unwrap();
            assert_ne!(read, 0, "it ended without a question: {}", self.text);
            self.text.push(char::from(byte[0]));
        }
        &self.text
    }

    /// Types an answer; what is shown after it, and the exit status.
    pub fn answers(mut self, answer: &str) -> (String, i32) {
        writeln!(self.typed, "{answer}").unwrap();
        let mut rest = Vec::new();
        self.shown.read_to_end(&mut rest).unwrap();
        let status = self.child.wait().unwrap();
        (String::from_utf8_lossy(&rest).into_owned(), status.code().unwrap())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_shows_the_plan_and_asks() {
    let region = Region::with_pool(3);
    let it = Cast::with_first(&region, Says::Nobody);
    for answer in ["n", "", "yess"] {
        changes_nothing(&region, || {
            let mut terminal = Terminal::start(&it.laptop, &["1"]);
            let shown = terminal.asks();
            let wanted = ["Slot 1 of pool kafka", "holder ", "slot 2: leader", "What will happen:"];
            for text in wanted {
                assert!(shown.contains(text), "{text}: {shown}");
            }
            let (rest, code) = terminal.answers(answer);
            assert_eq!(code, 78, "{answer:?}: {rest}");
            assert!(rest.contains("not confirmed: nothing was changed"), "{rest}");
        });
    }
    let mut terminal = Terminal::start(&it.laptop, &["1", "--reason", "test"]);
    terminal.asks();
    let (rest, code) = terminal.answers("y");
    assert_eq!(code, 0, "{rest}");
    assert!(rest.contains("slot 1 of pool kafka was taken from"), "{rest}");
    assert!(eni(&region, 1).tags[RECLAIMED].ends_with(": test"));
}

#[test]
fn another_holder_that_came_while_it_asked_is_left_alone() {
    let region = Region::with_pool(3);
    let it = Cast::with_first(&region, Says::Nobody);
    let mut terminal = Terminal::start(&it.laptop, &["1"]);
    terminal.asks();
    it.holder().release(&[]).done();
    let next = region.launch("a");
    next.claim(&["--only-slot", "1"]).done();
    let (rest, code) = changes_nothing(&region, || terminal.answers("y"));
    assert_eq!(code, 75, "{rest}");
    let text = format!("slot 1 changed while you were asked: {} holds it", next.id);
    assert!(rest.contains(&text), "{rest}");
    assert_eq!(next.holds(), [1]);
}

#[test]
fn a_slot_that_came_free_while_it_asked_is_told() {
    let region = Region::with_pool(3);
    let it = Cast::with_first(&region, Says::Nobody);
    let mut terminal = Terminal::start(&it.laptop, &["1"]);
    terminal.asks();
    // Another operator.
    let other = it.holders[1].steadfast(&["reclaim", "--pool", POOL, "1", "--yes"]).done();
    assert!(other.stdout.contains("was taken"), "{}", other.stdout);
    let (rest, code) = changes_nothing(&region, || terminal.answers("y"));
    assert_eq!(code, 1, "{rest}");
    assert!(rest.contains("somebody else took slot 1"), "{rest}");
    assert!(rest.contains(&it.holders[1].id), "{rest}");
}

/// It had no server when the plan was shown, and serves when the answer is typed.
#[test]
fn a_server_that_came_back_while_it_asked_is_not_taken() {
    let region = Region::with_pool(3);
    let it = Cast::with_first(&region, Says::Nobody);
    let mut terminal = Terminal::start(&it.laptop, &["1"]);
    terminal.asks();
    super::cast::listen(it.holder(), 1, Says::Follows);
    let (rest, code) = changes_nothing(&region, || terminal.answers("y"));
    assert_eq!(code, 75, "{rest}");
    assert!(rest.contains("serves (follower) (--even-if-serving overrides)"), "{rest}");
    eventually("it keeps its slot", || (it.holder().holds() == [1]).then_some(()));
}
