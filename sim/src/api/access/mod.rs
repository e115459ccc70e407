//! Who may do what: each action says which resources it asks leave for, as EC2's chapter of the
//! service authorization reference has it, and the caller's policy is asked about each.

mod creating;
mod resources;
mod tagging;
#[cfg(test)]
mod tests;

use super::auth::Principal;
use super::filter::View;
use super::params::{Params, Reader};
use super::service::{NOT_ALLOWED, Service};
use crate::control::OPERATOR;
use crate::iam::{Context, Decision, Policy, Request};
use crate::model::error::Ec2Error;
use crate::model::place::ACCOUNT;

pub use creating::{create_group, create_interface, run_instances};
pub use resources::{
    attach, detach, group, instances, interface, modify_instance, modify_interface,
};
pub use tagging::{create_tags, delete_tags};

/// Why a call is denied that a statement denies.
const DENIED: &str = "with an explicit deny in an identity-based policy";

/// What an action needs.
#[derive(Clone, Copy)]
pub enum Needs {
    /// Nothing: everybody may.
    Nothing,
    /// The action alone, which knows no resources.
    Action,
    /// Leave for each of these.
    Resources(fn(&Asked<'_>) -> Vec<Leave>),
}

/// A call whose needs are looked for, in the region as it is.
pub struct Asked<'a> {
    pub view: &'a View<'a>,
    pub action: &'static str,
    pub reader: Reader<'a>,
}

/// Leave to do one thing to one resource.
#[derive(Debug, Clone)]
pub struct Leave {
    /// With its service: not always the action that was called.
    pub action: String,
    pub resource: String,
    /// What is known of the resource and of what is asked for it.
    pub context: Context,
}

/// Asks a policy about all that a call needs; the first refusal is the answer.
pub fn check(
    policy: &Policy,
    principal: &Principal,
    view: &View<'_>,
    (service, action, needs): (Service, &'static str, Needs),
    params: &Params,
) -> Result<(), Ec2Error> {
    let asked = Asked { view, action, reader: Reader::new(params) };
    let name = format!("{}:{action}", service.prefix());
    let leaves = match needs {
        Needs::Nothing => return Ok(()),
        Needs::Action => {
            vec![Leave { action: name, resource: "*".to_owned(), context: Context::default() }]
        }
        Needs::Resources(find) => find(&asked),
    };
    let caller = of_caller(principal, view);
    for leave in leaves {
        let Leave { action, resource, context } = leave;
        let on = (resource != "*").then(|| resource.clone());
        let request = Request { action, resource, context: context.and(&caller) };
        let why = match policy.decide(&request) {
            Decision::Allowed => continue,
            Decision::NotAllowed => NOT_ALLOWED,
            Decision::Denied => DENIED,
        };
        return Err(service.denied(&principal.arn(), &request.action, on.as_deref(), why));
    }
    Ok(())
}

/// What is known of the caller and of every call.
fn of_caller(principal: &Principal, view: &View<'_>) -> Context {
    let context = Context::default()
        .with("aws:PrincipalAccount", ACCOUNT)
        .with("aws:PrincipalIsAWSService", false)
        .with("aws:RequestedRegion", &view.place.region)
        .with("aws:ViaAWSService", false)
        .with("aws:userid", principal.user_id())
        .with("ec2:Region", &view.place.region);
    match principal {
        Principal::Operator => context
            .with("aws:PrincipalArn", principal.arn())
            .with("aws:PrincipalType", "User")
            .with("aws:username", OPERATOR),
        Principal::Role { role, instance } => {
            let context = context
                .with("aws:PrincipalArn", format!("arn:aws:iam::{ACCOUNT}:role/{role}"))
                .with("aws:PrincipalType", "AssumedRole")
                .with("aws:Ec2InstanceSourceVPC", &view.place.vpc)
                .with("ec2:SourceInstanceARN", view.place.arn("instance", instance.as_str()));
            let instance = view.world.instance(instance);
            instance.into_iter().fold(context, |context, instance| {
                context.with("aws:Ec2InstanceSourcePrivateIPv4", instance.address)
            })
        }
    }
}

impl Asked<'_> {
    /// Leave for this call's own action.
    fn leave(&self, resource: String, context: Context) -> Leave {
        let context = context.with("aws:ResourceAccount", ACCOUNT);
        Leave { action: format!("ec2:{}", self.action), resource, context }
    }

    /// The ARN of a resource of EC2's.
    fn arn(&self, kind: &str, id: &str) -> String {
        self.view.place.arn(kind, id)
    }

    /// What a parameter says; nothing if it is absent, for then the action itself is refused.
    fn text(&self, name: &str) -> &str {
        self.reader.get(name).unwrap_or_default()
    }
}
