//! What the agent knows of ZooKeeper: its configuration, what its disk holds, when it may start, and
//! what it says of itself. Nothing of EC2 and nothing of the agent is known here.
//!
//! | module | what it is |
//! |---|---|
//! | [`settings`] | what the user set, and where: a TOML table, a file in `zoo.cfg`'s syntax |
//! | [`owned`] | what a user may not set, and why |
//! | [`values`] | what ZooKeeper would not understand, refused before it is started |
//! | [`properties`] | Java's properties, read and written |
//! | [`render`] | `zoo.cfg`: computed lines over the user's settings over safe defaults |
//! | [`disk`] | what the data directories hold, whose they are, and the files that go there |
//! | [`ask`] | `srvr` and `mntr`, with a deadline |
//! | [`answer`] | what was answered |
//! | [`gate`] | when a replacement may start |
//! | [`twin`] | whether a leader counts more followers than there are slots |

pub mod answer;
pub mod ask;
pub mod disk;
pub mod gate;
pub mod owned;
pub mod properties;
pub mod render;
pub mod settings;
pub mod twin;
pub mod values;

#[cfg(test)]
pub(crate) mod testing;

/// Where clients connect, and where `srvr` is asked.
pub use crate::ids::CLIENT_PORT;

/// Where followers connect to their leader.
pub const PEER_PORT: u16 = 2888;
/// Where servers connect to each other to elect a leader.
pub const ELECTION_PORT: u16 = 3888;
