//! An agent to be killed: this test's own program, started again to do what `steadfast run` does.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use serde_json::{Value, json};
use steadfast::supervise::{Account, Program, Supervised};

use crate::judge::{MARK, ps_lines};
use crate::program::KEEPER;

/// What the agent is to start, as JSON.
const SPEC: &str = "STEADFAST_TEST_AGENT";

/// An agent that runs. Dropped, it is killed.
pub struct Agent {
    child: Mutex<Child>,
    output: Mutex<BufReader<ChildStdout>>,
}

/// What an agent says once its command runs.
#[derive(Debug, Clone, Copy)]
pub struct Started {
    pub pid: u32,
    pub keeper: u32,
}

impl Agent {
    /// Starts one for this program.
    pub fn start(program: &Program) -> Self {
        Self::below(&[], program)
    }

    /// The same by another program, such as `setpriv` with its options.
    pub fn below(wrapper: &[&str], program: &Program) -> Self {
        Self::by(wrapper, KEEPER.as_ref(), program)
    }

    /// The same with another keeper.
    pub fn by(wrapper: &[&str], keeper: &std::path::Path, program: &Program) -> Self {
        Self::from(wrapper, keeper, program, |command| command.stdin(Stdio::null()))
    }

    /// The same with more to be set.
    pub fn from(
        wrapper: &[&str],
        keeper: &std::path::Path,
        program: &Program,
        set: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Self {
        let (first, rest) = wrapper.split_first().unwrap_or((&"env", &[]));
        let mut command = Command::new(first);
        command.args(rest).arg(env::current_exe().unwrap());
        command.args(["--exact", "agent::run", "--ignored", "--nocapture", "--test-threads=1"]);
        command.env(SPEC, spec(keeper, program).to_string()).stdout(Stdio::piped());
        for (name, value) in &program.environment {
            command.env(name, value);
        }
        let mut child = set(&mut command).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child: Mutex::new(child), output: Mutex::new(output) }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.lock().unwrap().id()
    }

    /// Waits until its command runs.
    pub fn started(&self) -> Started {
        let line = self.line(|line| line.contains("started "));
        let mut words = line.rsplit(' ').map(|word| word.trim().parse().unwrap());
        let (keeper, pid) = (words.next().unwrap(), words.next().unwrap());
        Started { pid, keeper }
    }

    /// Waits for a line of its output, which is its command's, too.
    pub fn line(&self, wanted: impl Fn(&str) -> bool) -> String {
        let mut output = self.output.lock().unwrap();
        let mut all = String::new();
        loop {
            let mut line = String::new();
            assert!(output.read_line(&mut line).unwrap() > 0, "the agent said only:\n{all}");
            if wanted(&line) {
                return line;
            }
            all += &line;
        }
    }

    /// Its keeper, if there is one.
    pub fn keeper(&self) -> Option<u32> {
        let agent = self.pid();
        ps_lines().into_iter().find(|it| it.ppid == agent).map(|it| it.pid)
    }

    /// Waits for its end and has its exit status; none if it was killed.
    pub fn wait(&self) -> Option<i32> {
        let status = self.child.lock().unwrap().wait().unwrap();
        assert!(status.code().is_some() || status.signal() == Some(9), "{status}");
        status.code()
    }

    /// Kills it as a power cut would.
    pub fn kill(&self) {
        self.child.lock().unwrap().kill().unwrap();
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.kill();
        self.wait();
    }
}

fn spec(keeper: &std::path::Path, program: &Program) -> Value {
    let text = |it: &std::ffi::OsString| it.to_str().unwrap().to_owned();
    json!({
        "keeper": keeper,
        "command": text(&program.command),
        "arguments": program.arguments.iter().map(text).collect::<Vec<_>>(),
        "account": program.account.as_ref().map(|it| it.name.clone()),
        "record": program.record,
    })
}

fn program(spec: &Value) -> Program {
    let arguments = spec["arguments"].as_array().unwrap().iter();
    Program {
        arguments: arguments.map(|it| it.as_str().unwrap().into()).collect(),
        account: spec["account"].as_str().map(|name| Account::named(name).unwrap()),
        record: spec["record"].as_str().map(PathBuf::from),
        // What the test wants it to have is in the agent's own.
        environment: env::var_os(MARK).map(|mark| (MARK.into(), mark)).into_iter().collect(),
        ..Program::new(spec["command"].as_str().unwrap())
    }
}

/// The agent's own side.
#[test]
#[ignore = "not a test but the agent that others start"]
fn run() {
    let spec = env::var(SPEC).expect("started by a test");
    let spec: Value = serde_json::from_str(&spec).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let status = runtime.unwrap().block_on(async {
        let keeper = PathBuf::from(spec["keeper"].as_str().unwrap());
        match Supervised::start_by(&keeper, &program(&spec)).await {
            Ok(mut program) => {
                println!("started {} {}", program.pid(), program.keeper_pid());
                program.ended().await.unwrap().status()
            }
            Err(error) => {
                println!("error: {error}");
                error.status().unwrap_or(70)
            }
        }
    });
    std::io::stdout().flush().unwrap();
    std::process::exit(status.into());
}
