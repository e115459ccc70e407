//! A handle to a running region, for tests, examples and the command line: blocking, over the
//! region's control socket.

mod local;
mod operator;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

pub use local::{LocalRegion, Options};

use crate::control::{
    Call, Fault, GroupRequest, InstanceView, LaunchRequest, PoolRequest, RegionInfo, Reply,
    Request, State, Timings,
};
use crate::kernel::{Image, StateDir, is_booted};

/// The longest that an answer may take; a region answers in milliseconds.
const ANSWER: Duration = Duration::from_secs(30);
/// How often a wait looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No region answers.
    #[error("region {name} is not up ({cause}): start it with steadfast-sim up --name {name}")]
    NotUp {
        /// The region's name.
        name: String,
        /// Why its control socket does not answer.
        cause: std::io::Error,
    },
    /// The region refused.
    #[error("{0}")]
    Refused(String),
    /// The region and this program do not understand each other, or it ended meanwhile.
    #[error("the region's answer makes no sense: {0}")]
    Confused(String),
    /// Something did not come about by its deadline.
    #[error("{0}")]
    Late(String),
}

/// A result of a request.
pub type Result<T> = std::result::Result<T, ClientError>;

/// A handle to a running region.
#[derive(Debug, Clone)]
pub struct Client {
    state: StateDir,
}

impl Client {
    /// A handle to the region in a state directory. Nothing is asked yet.
    pub fn new(state: StateDir) -> Client {
        Client { state }
    }

    /// The region's place on disk.
    pub fn state_dir(&self) -> &StateDir {
        &self.state
    }

    /// Asks the region. An error reply is an error.
    pub fn request(&self, request: &Request) -> Result<Reply> {
        let not_up = |cause| ClientError::NotUp { name: self.state.name().to_owned(), cause };
        let mut stream = UnixStream::connect(self.state.socket()).map_err(not_up)?;
        let line = exchange(&mut stream, request).map_err(confused)?;
        match serde_json::from_str(&line).map_err(confused)? {
            Reply::Error { message } => Err(ClientError::Refused(message)),
            reply => Ok(reply),
        }
    }

    /// What the region is and how to reach it.
    pub fn info(&self) -> Result<RegionInfo> {
        match self.request(&Request::Describe)? {
            Reply::Region(info) => Ok(info),
            other => Err(unexpected(&other)),
        }
    }

    /// Makes a pool; the answer is its ENIs in slot order.
    pub fn create_pool(&self, name: &str, slots: u32, ipv6: bool) -> Result<Vec<String>> {
        let pool = PoolRequest { name: name.to_owned(), slots, ipv6 };
        match self.request(&Request::CreatePool(pool))? {
            Reply::Pool { enis } => Ok(enis),
            other => Err(unexpected(&other)),
        }
    }

    /// Makes a directory an image, whose instances are machines; the answer is its id.
    ///
    /// # Errors
    /// Something is missing in it.
    pub fn register_image(&self, directory: &Path) -> Result<String> {
        let directory = Image::check(directory).map_err(|error| ClientError::Refused(error.0))?;
        match self.request(&Request::RegisterImage { directory })? {
            Reply::Image { image } => Ok(image),
            other => Err(unexpected(&other)),
        }
    }

    /// Launches instances; the answer is their ids.
    pub fn launch(&self, launch: &LaunchRequest) -> Result<Vec<String>> {
        match self.request(&Request::Launch(launch.clone()))? {
            Reply::Instances { instances } => Ok(instances),
            other => Err(unexpected(&other)),
        }
    }

    /// Terminates an instance; returns at once.
    pub fn terminate(&self, instance: &str) -> Result<()> {
        self.order(&Request::Terminate { instances: vec![instance.to_owned()] })
    }

    /// Stops an instance; returns at once.
    pub fn stop(&self, instance: &str) -> Result<()> {
        self.order(&Request::Stop { instances: vec![instance.to_owned()] })
    }

    /// Starts a stopped instance; returns at once.
    pub fn start(&self, instance: &str) -> Result<()> {
        self.order(&Request::Start { instances: vec![instance.to_owned()] })
    }

    /// Stops every process of a running instance, as on a host whose scheduler is dead; returns when
    /// all have stopped. Its kernel still answers ARP, pings and TCP.
    pub fn hang(&self, instance: &str) -> Result<()> {
        self.order(&Request::Hang { instances: vec![instance.to_owned()] })
    }

    /// Has the processes of a hung instance go on; returns when all do.
    pub fn resume(&self, instance: &str) -> Result<()> {
        self.order(&Request::Resume { instances: vec![instance.to_owned()] })
    }

    /// Cuts a running instance off the network; returns when no packet of it passes any more. Its
    /// programs run and its NICs stay up, and nobody is told: no FIN, no reset, no ICMP error.
    pub fn cut(&self, instance: &str) -> Result<()> {
        self.order(&Request::Cut { instances: vec![instance.to_owned()] })
    }

    /// Gives a cut instance its network back; returns when packets pass.
    pub fn mend(&self, instance: &str) -> Result<()> {
        self.order(&Request::Mend { instances: vec![instance.to_owned()] })
    }

    /// Makes or changes an Auto Scaling group.
    pub fn put_group(&self, group: &GroupRequest) -> Result<()> {
        self.order(&Request::PutGroup(group.clone()))
    }

    /// Ends a group with its instances.
    pub fn delete_group(&self, name: &str) -> Result<()> {
        self.order(&Request::DeleteGroup { name: name.to_owned() })
    }

    /// Changes the timings that are given.
    pub fn set_timings(&self, timings: &Timings) -> Result<()> {
        self.order(&Request::SetTimings(timings.clone()))
    }

    /// Adds a fault.
    pub fn fault(&self, fault: &Fault) -> Result<()> {
        self.order(&Request::AddFault(fault.clone()))
    }

    /// Removes every fault.
    pub fn clear_faults(&self) -> Result<()> {
        self.order(&Request::ClearFaults)
    }

    /// Gives a role ([`ROLE`](crate::control::ROLE) is that of what is launched here) or the
    /// operator ([`OPERATOR`](crate::control::OPERATOR)) an IAM policy, as JSON, in place of the
    /// one before.
    ///
    /// # Errors
    /// It is no policy, or says something that the region does not evaluate.
    pub fn set_policy(&self, name: &str, document: &str) -> Result<()> {
        let (name, document) = (name.to_owned(), Some(document.to_owned()));
        self.order(&Request::SetPolicy { name, document })
    }

    /// Takes a policy away again: everything is allowed.
    pub fn clear_policy(&self, name: &str) -> Result<()> {
        self.order(&Request::SetPolicy { name: name.to_owned(), document: None })
    }

    /// The log of API calls from an offset on.
    pub fn log(&self, since: usize) -> Result<Vec<Call>> {
        match self.request(&Request::Log { since })? {
            Reply::Log { calls } => Ok(calls),
            other => Err(unexpected(&other)),
        }
    }

    /// Every instance and ENI as it is now.
    pub fn state(&self) -> Result<State> {
        match self.request(&Request::State)? {
            Reply::State { state } => serde_json::from_value(state).map_err(confused),
            other => Err(unexpected(&other)),
        }
    }

    /// Waits until an instance is in a state, such as `stopped`.
    pub fn wait_state(&self, id: &str, state: &str, deadline: Duration) -> Result<InstanceView> {
        self.wait(id, state, deadline, |instance| instance.state == state)
    }

    /// Waits until an instance is running and booted, so that programs can be started in it.
    pub fn wait_booted(&self, id: &str, deadline: Duration) -> Result<InstanceView> {
        let booted = |instance: &InstanceView| {
            instance.state == "running" && is_booted(&self.state, &instance.id)
        };
        self.wait(id, "running and booted", deadline, booted)
    }

    /// Waits until something holds of an instance.
    fn wait(
        &self,
        id: &str,
        what: &str,
        deadline: Duration,
        holds: impl Fn(&InstanceView) -> bool,
    ) -> Result<InstanceView> {
        let begin = Instant::now();
        let end = begin + deadline;
        loop {
            let instances = self.state()?.instances;
            let found = instances.into_iter().find(|instance| instance.id == id);
            let now = match found {
                Some(instance) if holds(&instance) => return Ok(instance),
                Some(instance) => instance.state,
                None => "unknown".to_owned(),
            };
            // A terminated instance is in its last state: one that did not boot ends so.
            if now == "terminated" || Instant::now() >= end {
                let late = format!("{id} is {now}, not {what}, after {:?}", begin.elapsed());
                return Err(ClientError::Late(late));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// What an instance's console shows, also after its end.
    pub fn console(&self, instance: &str) -> Result<String> {
        let path = self.state.console(instance);
        let read = std::fs::read(&path);
        let read = read
            .map_err(|cause| ClientError::Refused(format!("{instance} has no console: {cause}")))?;
        Ok(String::from_utf8_lossy(&read).into_owned())
    }

    /// A request whose answer says no more than that it is done.
    fn order(&self, request: &Request) -> Result<()> {
        match self.request(request)? {
            Reply::Done | Reply::Instances { .. } => Ok(()),
            other => Err(unexpected(&other)),
        }
    }
}

/// Tags as requests take them.
pub fn tags<const N: usize>(tags: [(&str, &str); N]) -> BTreeMap<String, String> {
    tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

fn exchange(stream: &mut UnixStream, request: &Request) -> std::io::Result<String> {
    stream.set_read_timeout(Some(ANSWER))?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut reply = String::new();
    BufReader::new(stream).read_line(&mut reply)?;
    Ok(reply)
}

fn confused(cause: impl std::fmt::Display) -> ClientError {
    ClientError::Confused(cause.to_string())
}

fn unexpected(reply: &Reply) -> ClientError {
    confused(format!("{reply:?}"))
}
