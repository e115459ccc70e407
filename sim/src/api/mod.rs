//! The Query APIs of EC2, Auto Scaling and STS: a call comes in by HTTP, and is answered in its
//! service's XML or not at all.

mod access;
mod actions;
pub mod auth;
mod filter;
mod page;
mod params;
mod service;
mod shapes;
mod xml;

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Method;

use crate::control::FaultKind;
use crate::faults;
use crate::http::{Dropped, Request, Response};
use crate::model::error::Ec2Error;
use crate::model::ids::EniId;
use crate::region::{Region, Side, State};
use crate::throttle::CallKind;
use actions::{Action, Run};
use auth::{Caller, Principal};
use filter::View;
use params::Reader;
use service::{NOT_ALLOWED, Service};
use xml::Xml;

pub use actions::names as action_names;
pub use params::Params;
pub use shapes::{profile_arn, profile_id};

/// A call that has been read.
struct Call {
    params: Params,
    caller: Caller,
    principal: Principal,
    action: &'static Action,
}

/// Answers a request, or has its connection closed.
pub async fn answer(
    region: &Region,
    from: (Side, IpAddr),
    request: Request,
) -> Result<Response, Dropped> {
    let request_id = region.with(State::request_id);
    let params = params::decode(request.uri().query(), request.body());
    let service = auth::service(request.headers(), &params);
    let (action, outcome) = match read(region, service, from, &request, params) {
        Ok(call) => (call.action.name, perform(region, call).await?),
        Err(error) => ("", Err(error)),
    };
    Ok(match outcome {
        Ok(xml) => response(200, service.response(action, xml, &request_id), &request_id),
        Err(error) => response(error.status, service.refusal(&error, &request_id), &request_id),
    })
}

fn response(status: u16, body: String, request_id: &str) -> Response {
    hyper::Response::builder()
        .status(status)
        .header("content-type", "text/xml;charset=UTF-8")
        .header("x-amzn-requestid", request_id)
        .body(Full::new(Bytes::from(body)))
        .unwrap_or_default()
}

/// Tells what is asked, and by whom; what cannot be told is logged here.
fn read(
    region: &Region,
    service: Service,
    from: (Side, IpAddr),
    request: &Request,
    params: Params,
) -> Result<Call, Ec2Error> {
    let identified = region.with(|state| {
        let world = state.model.world();
        let name = state.model.place.region.as_str();
        auth::identify(world, name, from, request.headers(), &params)
    });
    let found = identified.map_err(|error| (Caller::Unknown, error));
    let found = found.and_then(|(caller, principal)| {
        match find_action(service, request.method(), &params) {
            Ok(action) => Ok((caller, principal, action)),
            Err(error) => Err((caller, error)),
        }
    });
    match found {
        Ok((caller, principal, action)) => Ok(Call { params, caller, principal, action }),
        Err((caller, error)) => {
            let error = service.in_own_words(error);
            region.with(|state| state.log_call(&caller, &params, &error.code));
            Err(error)
        }
    }
}

fn find_action(
    service: Service,
    method: &Method,
    params: &Params,
) -> Result<&'static Action, Ec2Error> {
    if ![Method::GET, Method::POST].contains(method) {
        let message = "The HTTP method must be GET or POST";
        return Err(Ec2Error::with_status(405, "MethodNotAllowed", message));
    }
    let Some(name) = params.get("Action") else {
        return Err(Ec2Error::new(
            "MissingAction",
            "The request must contain the parameter Action",
        ));
    };
    match params.get("Version").map(String::as_str) {
        Some(version) if version == service.version() => {}
        None => return Err(Ec2Error::missing("Version")),
        Some(other) => {
            let name = service.name();
            let message =
                format!("The requested version ({other}) of service {name} does not exist");
            return Err(Ec2Error::new("NoSuchVersion", message));
        }
    }
    actions::find(service, name).ok_or_else(|| {
        let message = format!("The action {name} is not valid for this web service.");
        Ec2Error::new("InvalidAction", message)
    })
}

/// Performs a call, with the time that it takes and the fault that hits it. A caller that hangs up
/// meanwhile does not take it back.
async fn perform(region: &Region, call: Call) -> Result<actions::Answer, Dropped> {
    let (fault, api_ms) = region.with(|state| {
        let names = [call.action.name, faults::ANY];
        let fault = state.faults.strike(&names, call.caller.name());
        (fault, state.model.delays.api)
    });
    let fault_ms = match &fault {
        Some(FaultKind::Hang) => {
            region.with(|state| state.log_call(&call.caller, &call.params, "hang"));
            return std::future::pending().await;
        }
        Some(FaultKind::Delay { ms }) => *ms,
        _ => 0,
    };
    let region = region.clone();
    let performed = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(fault_ms.saturating_add(api_ms))).await;
        region.with(|state| state.call(&call, fault.as_ref()))
    });
    performed.await.map_err(|_| Dropped)?
}

impl State {
    /// Runs an action and logs it.
    fn call(&mut self, call: &Call, fault: Option<&FaultKind>) -> Result<actions::Answer, Dropped> {
        let answer = match fault.and_then(|fault| refusal(fault, call)) {
            Some(error) => Err(error),
            None => self.run(call),
        };
        if answer.is_ok() && matches!(fault, Some(FaultKind::NicNeverAppears)) {
            self.withhold_nic(&call.params);
        }
        let loses_reply = matches!(fault, Some(FaultKind::LoseReply));
        let outcome = match &answer {
            _ if loses_reply => "lose-reply",
            Ok(_) => "ok",
            Err(error) => &error.code,
        };
        self.log_call(&call.caller, &call.params, outcome);
        if loses_reply { Err(Dropped) } else { Ok(answer) }
    }

    /// Runs an action, in the words of its service.
    fn run(&mut self, call: &Call) -> actions::Answer {
        let allowed = self.admit(call).and_then(|()| self.allow(call));
        let answer = allowed.and_then(|()| self.run_allowed(call));
        answer.map_err(|error| call.action.service.in_own_words(error))
    }

    /// The token buckets are EC2's: the other services here are never asked that often.
    fn admit(&mut self, call: &Call) -> Result<(), Ec2Error> {
        let is_ec2 = call.action.service == Service::Ec2;
        if is_ec2 && !self.throttle.admit(kind(call), self.model.now_ms()) {
            let message = "Request limit exceeded.";
            return Err(Ec2Error::with_status(503, "RequestLimitExceeded", message));
        }
        Ok(())
    }

    /// Asks the caller's policy, if he has one: with none he may do everything. It is asked about
    /// the present state, and before the parameters are looked at, for a dry run, too.
    fn allow(&self, call: &Call) -> Result<(), Ec2Error> {
        let Some(policy) = self.policies.get(call.principal.name()) else { return Ok(()) };
        let Action { service, name, needs, .. } = *call.action;
        let view = View::of(&self.model);
        access::check(policy, &call.principal, &view, (service, name, needs), &call.params)
    }

    fn run_allowed(&mut self, call: &Call) -> actions::Answer {
        if let Some(answer) = self.replays.find(&call.params) {
            return answer;
        }
        let reader = Reader::new(&call.params);
        let answer = match call.action.run {
            Run::Change(change) => change(&mut self.model, &reader),
            Run::Read(read) => {
                let world = self.model.read();
                let (place, scaling) = (&self.model.place, self.model.groups());
                read(&View { world: &world, place, scaling }, &reader)
            }
            Run::Identity(identity) => identity(&call.principal, &reader),
        };
        self.replays.keep(&call.params, &answer);
        answer
    }

    fn withhold_nic(&mut self, params: &Params) {
        let eni = params.get("NetworkInterfaceId").and_then(|id| EniId::parse(id).ok());
        if let Some(eni) = eni {
            self.model.withhold_nic(&eni);
        }
    }
}

/// The error that a fault has EC2 answer in place of doing anything.
fn refusal(fault: &FaultKind, call: &Call) -> Option<Ec2Error> {
    match fault {
        FaultKind::Error { status, code, message } => {
            Some(Ec2Error::with_status(*status, code, message))
        }
        FaultKind::Deny => Some(denied(call)),
        _ => None,
    }
}

fn denied(call: &Call) -> Ec2Error {
    let Action { service, name, .. } = call.action;
    service.denied(
        &call.principal.arn(),
        &format!("{}:{name}", service.prefix()),
        None,
        NOT_ALLOWED,
    )
}

fn kind(call: &Call) -> CallKind {
    let narrows = |name: &String| {
        name.starts_with("Filter.") || matches!(name.as_str(), "MaxResults" | "NextToken")
    };
    match call.action.run {
        Run::Change(_) => CallKind::Change,
        Run::Read(_) if call.params.keys().any(narrows) => CallKind::NarrowRead,
        Run::Read(_) | Run::Identity(_) => CallKind::WideRead,
    }
}

/// Answers to calls with a client token: the same call again gets the same answer.
#[derive(Debug, Default)]
pub struct Replays(std::collections::BTreeMap<(String, String), (Params, Xml)>);

impl Replays {
    fn key(params: &Params) -> Option<(String, String)> {
        let token = params.get("ClientToken").filter(|token| !token.is_empty())?;
        let dry_run = params.get("DryRun").is_some_and(|dry| dry == "true");
        (!dry_run).then(|| (params.get("Action").cloned().unwrap_or_default(), token.clone()))
    }

    fn find(&self, params: &Params) -> Option<actions::Answer> {
        let (first, answer) = self.0.get(&Self::key(params)?)?;
        let same = first.iter().filter(own).eq(params.iter().filter(own));
        Some(if same {
            Ok(answer.clone())
        } else {
            Err(Ec2Error::new(
                "IdempotentParameterMismatch",
                "The client token has been used before with different parameters.",
            ))
        })
    }

    fn keep(&mut self, params: &Params, answer: &actions::Answer) {
        if let (Some(key), Ok(xml)) = (Self::key(params), answer) {
            self.0.insert(key, (params.clone(), xml.clone()));
        }
    }
}

/// Whether a parameter is the call's own: a presigned one is signed anew each time.
fn own((name, _): &(&String, &String)) -> bool {
    !name.starts_with("X-Amz-")
}
