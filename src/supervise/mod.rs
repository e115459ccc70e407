//! The protected process: a command that runs below the agent, never beside it, and of which
//! nothing is left when either of them ends.
