//! What a person or a test asks of the region, done.

use std::collections::BTreeMap;

use super::{Region, State};
use crate::api;
use crate::api::auth::{OPERATOR_KEY, OPERATOR_SECRET};
use crate::control::{self, LaunchRequest, RegionInfo, Reply, Request};
use crate::fabric::Impairment;
use crate::iam::{Policy, PolicyError};
use crate::model::Model;
use crate::model::error::Ec2Error;
use crate::model::ids::InstanceId;
use crate::model::launch::{Launch, image_or_plain};
use crate::model::power::Change;
use crate::model::types::InstanceType;

/// What is launched if no type is named.
const TYPE: &str = "t3.small";
/// Where it is launched if no zone is named: the first one.
const ZONE: &str = "a";

/// Answers a request.
pub async fn answer(region: &Region, request: Request) -> Reply {
    match request {
        Request::Describe => Reply::Region(describe(region)),
        Request::Down => {
            region.0.down.send_replace(true);
            Reply::Done
        }
        Request::Hang { instances } => impair(region, &instances, Impairment::Hang).await,
        Request::Resume { instances } => impair(region, &instances, Impairment::Resume).await,
        Request::Cut { instances } => impair(region, &instances, Impairment::Cut).await,
        Request::Mend { instances } => impair(region, &instances, Impairment::Mend).await,
        request => region.with(|state| state.answer(request)),
    }
}

/// Impairs instances, and answers when the kernel has done so.
async fn impair(region: &Region, instances: &[String], how: Impairment) -> Reply {
    let (accepted, doings) = region.with_doings(|state| {
        parse(instances).and_then(|instances| state.model.impair(&instances, how))
    });
    if let Err(error) = accepted {
        return refused(error);
    }
    for doing in doings {
        match doing.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Reply::Error { message: error.to_string() },
            Err(error) => return Reply::Error { message: error.to_string() },
        }
    }
    Reply::Done
}

fn describe(region: &Region) -> RegionInfo {
    let options = &region.0.options;
    let environment = [
        ("AWS_ENDPOINT_URL", options.endpoint_outside.as_str()),
        ("AWS_REGION", &options.region),
        ("AWS_DEFAULT_REGION", &options.region),
        ("AWS_ACCESS_KEY_ID", OPERATOR_KEY),
        ("AWS_SECRET_ACCESS_KEY", OPERATOR_SECRET),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    RegionInfo {
        region: options.region.clone(),
        endpoint: options.endpoint_outside.clone(),
        endpoint_inside: options.endpoint_inside.clone(),
        subnets: region.with(|state| state.model.subnet_infos()),
        environment: BTreeMap::from(environment),
    }
}

impl State {
    fn answer(&mut self, request: Request) -> Reply {
        match request {
            Request::CreatePool(pool) => match self.model.create_pool(&pool) {
                Ok(enis) => Reply::Pool { enis: strings(&enis) },
                Err(error) => refused(error),
            },
            Request::PutGroup(group) => done(self.model.put_group(group)),
            Request::DeleteGroup { name } => done(self.model.delete_group(&name)),
            Request::Launch(launch) => match self.launch(&launch) {
                Ok(ids) => Reply::Instances { instances: strings(&ids) },
                Err(error) => refused(error),
            },
            Request::Terminate { instances } => {
                self.change_power(&instances, |model, ids| model.terminate(ids))
            }
            Request::Stop { instances } => {
                self.change_power(&instances, |model, ids| model.stop(ids, false))
            }
            Request::Start { instances } => {
                self.change_power(&instances, |model, ids| model.start(ids))
            }
            Request::SetTimings(timings) => {
                self.model.set_timings(&timings);
                Reply::Done
            }
            Request::SetThrottling { enabled, scale } => self.set_throttling(enabled, scale),
            Request::AddFault(fault) => match self.faults.add(fault, &api::action_names()) {
                Ok(()) => Reply::Done,
                Err(message) => Reply::Error { message },
            },
            Request::SetPolicy { name, document } => {
                match self.set_policy(&name, document.as_deref()) {
                    Ok(()) => Reply::Done,
                    Err(error) => Reply::Error { message: error.to_string() },
                }
            }
            Request::RegisterImage { directory } => {
                Reply::Image { image: self.model.register_image(directory).to_string() }
            }
            Request::ClearFaults => {
                self.faults.clear();
                Reply::Done
            }
            Request::Log { since } => Reply::Log { calls: self.calls.since(since) },
            Request::State => self.show(),
            // Answered before: these need more than the state.
            Request::Describe
            | Request::Down
            | Request::Hang { .. }
            | Request::Resume { .. }
            | Request::Cut { .. }
            | Request::Mend { .. } => Reply::Done,
        }
    }

    /// A policy that cannot be read leaves the one before in place.
    fn set_policy(&mut self, name: &str, document: Option<&str>) -> Result<(), PolicyError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
        if name.is_empty() || name.len() > 64 || !name.chars().all(allowed) {
            return Err(PolicyError(format!("\"{name}\" is not the name of a role")));
        }
        match document {
            Some(document) => self.policies.insert(name.to_owned(), Policy::parse(document)?),
            None => self.policies.remove(name),
        };
        Ok(())
    }

    fn set_throttling(&mut self, enabled: bool, scale: Option<f64>) -> Reply {
        if scale.is_some_and(|scale| !scale.is_finite() || scale <= 0.0) {
            return Reply::Error { message: "the scale must be more than 0".to_owned() };
        }
        self.throttle.enabled = enabled;
        self.throttle.scale = scale.unwrap_or(self.throttle.scale);
        Reply::Done
    }

    /// Launches what the region's own command asks.
    fn launch(&mut self, asked: &LaunchRequest) -> Result<Vec<InstanceId>, Ec2Error> {
        let subnet = self.model.subnet_in(asked.zone.as_deref().unwrap_or(ZONE))?.id.clone();
        let kind = InstanceType::parse(asked.instance_type.as_deref().unwrap_or(TYPE))?;
        self.model.launch(&Launch {
            count: asked.count.max(1) as usize,
            user_data: asked.user_data.clone().into_bytes(),
            tags: asked.tags.clone(),
            image: image_or_plain(asked.image.as_deref())?,
            ..Launch::plain(kind, subnet)
        })
    }

    fn change_power(
        &mut self,
        instances: &[String],
        change: impl Fn(&mut Model, &[InstanceId]) -> Result<Vec<Change>, Ec2Error>,
    ) -> Reply {
        done(parse(instances).and_then(|ids| change(&mut self.model, &ids)).map(drop))
    }

    fn show(&self) -> Reply {
        let trouble = self.trouble.clone();
        let state = control::State { trouble, ..self.model.state() };
        match serde_json::to_value(state) {
            Ok(state) => Reply::State { state },
            Err(error) => Reply::Error { message: error.to_string() },
        }
    }
}

fn parse(instances: &[String]) -> Result<Vec<InstanceId>, Ec2Error> {
    instances.iter().map(|id| InstanceId::parse(id)).collect()
}

fn strings<T: ToString>(ids: &[T]) -> Vec<String> {
    ids.iter().map(T::to_string).collect()
}

fn done(result: Result<(), Ec2Error>) -> Reply {
    match result {
        Ok(()) => Reply::Done,
        Err(error) => refused(error),
    }
}

fn refused(error: Ec2Error) -> Reply {
    Reply::Error { message: error.message }
}
