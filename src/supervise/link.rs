//! The socket between agent and keeper.
//!
//! It carries one word to the keeper, `go`, with COMMAND's standard input, and the keeper's reports
//! back. Its end is news, too: each side knows by it that the other is dead.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::cmsg_space;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;
use rustix::net::sockopt::set_socket_passcred;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, UCred, recvmsg, sendmsg, socketpair,
};
use rustix::process::{Pid, getegid, geteuid};

use super::report::{LENGTH, Report};

/// The agent's end.
#[derive(Debug)]
pub struct AgentEnd(OwnedFd);

/// The keeper's end.
#[derive(Debug)]
pub struct KeeperEnd(OwnedFd);

/// Both ends.
pub fn pair() -> io::Result<(AgentEnd, KeeperEnd)> {
    // Messages, not bytes, so that a report is heard whole or not at all.
    let kind = SocketType::SEQPACKET;
    let (agent, keeper) = socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)?;
    // The kernel then translates the process number in a report to the agent's numbering.
    set_socket_passcred(&agent, true)?;
    Ok((AgentEnd(agent), KeeperEnd(keeper)))
}

impl AgentEnd {
    /// Lets the keeper start COMMAND, with this standard input or with none.
    pub fn go(&self, stdin: Option<BorrowedFd<'_>>) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let descriptors: Vec<_> = stdin.into_iter().collect();
        if !descriptors.is_empty() {
            control.push(SendAncillaryMessage::ScmRights(&descriptors));
        }
        send(&self.0, b"go", &mut control)
    }

    /// The next report, with the number of the process that it is about. None: the keeper is dead.
    pub fn hear(&self) -> Option<(Report, Option<Pid>)> {
        let mut bytes = [0; LENGTH];
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmCredentials(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let length = receive(&self.0, &mut bytes, &mut control).ok()?;
        let about = control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmCredentials(whose) => Some(whose.pid),
            _ => None,
        });
        Some((Report::decode(bytes.get(..length)?)?, about))
    }
}

impl KeeperEnd {
    /// The keeper's end as its standard input, which the agent has made it.
    pub fn inherited() -> io::Result<Self> {
        io::stdin().as_fd().try_clone_to_owned().map(Self)
    }

    /// Waits for the agent's word, and has COMMAND's standard input from it, if it is to have one.
    ///
    /// # Errors
    /// The agent is dead.
    pub fn wait_for_go(&self) -> io::Result<Option<OwnedFd>> {
        let mut bytes = [0; 2];
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        if receive(&self.0, &mut bytes, &mut control)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
            _ => None,
        }))
    }

    /// Whether the agent is dead. After its word it says nothing more, so that whatever comes is that.
    pub fn agent_is_dead(&self) -> bool {
        let mut source = [PollFd::new(&self.0, PollFlags::IN)];
        let now = Timespec::default();
        !matches!(retry_on_intr(|| poll(&mut source, Some(&now))), Ok(0))
    }

    /// Tells the agent, which may be dead: then there is nobody to tell.
    pub fn tell(&self, report: Report) {
        let _ = send(&self.0, &report.encode(), &mut SendAncillaryBuffer::default());
    }

    /// Tells the agent something about a process of the keeper's namespace.
    ///
    /// # Errors
    /// The kernel does not let the keeper speak for that process.
    pub fn tell_about(&self, report: Report, pid: Pid) -> io::Result<()> {
        let whose = UCred { pid, uid: geteuid(), gid: getegid() };
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmCredentials(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        control.push(SendAncillaryMessage::ScmCredentials(whose));
        send(&self.0, &report.encode(), &mut control)
    }
}

impl AsFd for KeeperEnd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl From<KeeperEnd> for OwnedFd {
    fn from(end: KeeperEnd) -> Self {
        end.0
    }
}

fn send(
    socket: &OwnedFd,
    bytes: &[u8],
    control: &mut SendAncillaryBuffer<'_, '_, '_>,
) -> io::Result<()> {
    let parts = [IoSlice::new(bytes)];
    retry_on_intr(|| sendmsg(socket, &parts, control, SendFlags::NOSIGNAL))?;
    Ok(())
}

/// The message's length; 0 once the other side is dead.
fn receive(
    socket: &OwnedFd,
    bytes: &mut [u8],
    control: &mut RecvAncillaryBuffer<'_>,
) -> io::Result<usize> {
    let mut parts = [IoSliceMut::new(bytes)];
    // What arrives is closed when COMMAND is executed, or handed on by name.
    let flags = RecvFlags::CMSG_CLOEXEC;
    Ok(retry_on_intr(|| recvmsg(socket, &mut parts, control, flags))?.bytes)
}
