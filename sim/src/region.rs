//! A running region: the model, its clock and its callers, put together.
use std::sync::Arc;

use crate::control;
use crate::fabric::{Fabric, FabricError};

/// What a region is made from.
#[derive(Debug, Clone)]
pub struct RegionOptions {
    /// The region's name among those of this machine.
    pub name: String,
    /// The AWS region, such as `eu-west-1`.
    pub region: String,
    /// How many zones, 1 to 6.
    pub zones: u8,
    /// The seed of every id, address order and choice.
    pub seed: u64,
    /// How long things take.
    pub timings: control::Timings,
    /// The EC2 endpoint for programs on the host.
    pub endpoint_outside: String,
    /// The EC2 endpoint for programs inside instances.
    pub endpoint_inside: String,
}

/// Whom a listener serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Instances, known by their source address.
    Inside,
    /// The host, known by its access key.
    Outside,
}

/// A running region; clones are handles to the same one.
#[derive(Clone)]
pub struct Region(Arc<RegionOptions>);

impl Region {
    /// Starts a region on a fabric.
    pub async fn new(o: RegionOptions, _fabric: Arc<dyn Fabric>) -> Result<Region, FabricError> {
        Ok(Region(Arc::new(o)))
    }
    /// Serves the EC2 Query API on a listener until the region ends.
    pub async fn serve_api(&self, _listener: tokio::net::TcpListener, _side: Side) {}
    /// Serves IMDS on a listener until the region ends.
    pub async fn serve_imds(&self, _listener: tokio::net::TcpListener) {}
    /// Does what a person or a test asks.
    pub async fn control(&self, _request: control::Request) -> control::Reply {
        control::Reply::Done
    }
    /// Tells that an instance's PID 1 ended by itself.
    pub async fn instance_ended(&self, _instance: &str) {}
    /// Resolves when [`control::Request::Down`] was asked.
    pub async fn ended(&self) {
        let _ = &self.0;
    }
}
