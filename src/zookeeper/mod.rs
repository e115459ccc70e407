//! What the agent knows of ZooKeeper: its configuration, what its disk holds, when it may start, and
//! what it says of itself.
