//! Who calls. The signature is not verified, for the region keeps no secret; but a request must
//! bear one, made with a known key for this region, as the SDKs' mistakes there are common.

use std::net::IpAddr;

use hyper::HeaderMap;

use super::params::Params;
use super::service::Service;
use crate::control::OPERATOR;
use crate::model::error::Ec2Error;
use crate::model::ids::InstanceId;
use crate::model::place::ACCOUNT;
use crate::model::world::World;
use crate::region::Side;

/// The access key of the operator on the host.
pub const OPERATOR_KEY: &str = "AKIASTEADFASTLOCAL00";
/// Its secret, which is none.
pub const OPERATOR_SECRET: &str = "steadfast-local-region-keeps-no-secrets0";

const NOT_VALIDATED: &str = "AWS was not able to validate the provided access credentials";

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    Operator,
    Instance(InstanceId),
    /// One that could not be told, for the log.
    Unknown,
}

impl Caller {
    pub fn name(&self) -> &str {
        match self {
            Self::Operator => OPERATOR,
            Self::Instance(id) => id.as_str(),
            Self::Unknown => "unknown",
        }
    }
}

/// Whose key signs: what permissions go by. Inside, the caller is who speaks, the principal is the
/// owner of the key that he has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// An IAM user.
    Operator,
    /// An instance's role.
    Role { role: String, instance: InstanceId },
}

impl Principal {
    /// Whose policy is asked: the role's, or the operator's.
    pub fn name(&self) -> &str {
        match self {
            Self::Operator => OPERATOR,
            Self::Role { role, .. } => role,
        }
    }

    /// Its ARN as STS has it.
    pub fn arn(&self) -> String {
        match self {
            Self::Operator => format!("arn:aws:iam::{ACCOUNT}:user/{OPERATOR}"),
            Self::Role { role, instance } => {
                format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{instance}")
            }
        }
    }

    /// Its unique id, a role's with the session's name.
    pub fn user_id(&self) -> String {
        match self {
            Self::Operator => unique_id("AIDA", OPERATOR),
            Self::Role { role, instance } => format!("{}:{instance}", unique_id("AROA", role)),
        }
    }
}

/// An id that is the same for the same name.
pub fn unique_id(kind: &str, name: &str) -> String {
    let letters = name.bytes().filter(u8::is_ascii_alphanumeric);
    let name: String = letters.map(|b| char::from(b.to_ascii_uppercase())).take(17).collect();
    format!("{kind}{name:0<17}")
}

/// What a signature says of itself.
struct Scope<'a> {
    access_key: &'a str,
    region: &'a str,
    service: &'a str,
    token: Option<&'a str>,
}

/// Tells the caller of a request, or refuses it.
pub fn identify(
    world: &World,
    region: &str,
    (side, from): (Side, IpAddr),
    headers: &HeaderMap,
    params: &Params,
) -> Result<(Caller, Principal), Ec2Error> {
    let scope = scope(headers, params)?;
    check_scope(&scope, region)?;
    let principal = by_key(world, &scope)?;
    let caller = match (side, &principal) {
        (Side::Outside, Principal::Operator) => Some(Caller::Operator),
        (Side::Outside, Principal::Role { instance, .. }) => {
            Some(Caller::Instance(instance.clone()))
        }
        (Side::Inside, _) => {
            world.speaker(from).map(|instance| Caller::Instance(instance.id.clone()))
        }
    };
    let caller = caller.ok_or_else(|| refused(401, "AuthFailure", NOT_VALIDATED))?;
    Ok((caller, principal))
}

/// The service that a request is for: the one that its signature is scoped to.
pub fn service(headers: &HeaderMap, params: &Params) -> Service {
    let scoped = scope(headers, params).ok();
    let scoped = scoped.and_then(|scope| Service::of_scope(scope.service));
    scoped.unwrap_or_else(|| Service::of_version(params.get("Version").map(String::as_str)))
}

fn check_scope(scope: &Scope<'_>, region: &str) -> Result<(), Ec2Error> {
    let (theirs, service) = (scope.region, scope.service);
    if theirs != region {
        let message = format!("Credential should be scoped to a valid region, not '{theirs}'.");
        return Err(refused(401, "AuthFailure", &message));
    }
    if Service::of_scope(service).is_none() {
        let message =
            format!("Credential should be scoped to correct service: 'ec2', not '{service}'.");
        return Err(refused(401, "AuthFailure", &message));
    }
    Ok(())
}

/// The owner of the key; temporary ones need their session token.
fn by_key(world: &World, scope: &Scope<'_>) -> Result<Principal, Ec2Error> {
    if scope.access_key == OPERATOR_KEY {
        return Ok(Principal::Operator);
    }
    let owner = world.owner_of_key(scope.access_key);
    let owner = owner.filter(|owner| scope.token == Some(owner.credentials.session_token.as_str()));
    let role = owner.and_then(|owner| {
        Some(Principal::Role { role: owner.profile.clone()?, instance: owner.id.clone() })
    });
    role.ok_or_else(|| refused(401, "AuthFailure", NOT_VALIDATED))
}

/// Reads the scope from the header, or from the query of a presigned request.
fn scope<'a>(headers: &'a HeaderMap, params: &'a Params) -> Result<Scope<'a>, Ec2Error> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (credential, token) = match header("authorization") {
        Some(text) => (in_header(text)?, header("x-amz-security-token")),
        None => (
            params.get("X-Amz-Credential").map(String::as_str).ok_or_else(unsigned)?,
            params.get("X-Amz-Security-Token").map(String::as_str),
        ),
    };
    let parts: Vec<_> = credential.split('/').collect();
    match parts[..] {
        [access_key, _date, region, service, "aws4_request"] => {
            Ok(Scope { access_key, region, service, token })
        }
        _ => Err(incomplete("Credential must have the form KEY/DATE/REGION/SERVICE/aws4_request")),
    }
}

fn in_header(text: &str) -> Result<&str, Ec2Error> {
    let Some(fields) = text.strip_prefix("AWS4-HMAC-SHA256 ") else {
        return Err(incomplete("Authorization header must begin with AWS4-HMAC-SHA256"));
    };
    let field = |name: &str| fields.split(',').find_map(|field| field.trim().strip_prefix(name));
    for name in ["SignedHeaders=", "Signature="] {
        if field(name).is_none_or(str::is_empty) {
            let name = name.trim_end_matches('=');
            return Err(incomplete(&format!("Authorization header requires '{name}' parameter.")));
        }
    }
    field("Credential=")
        .ok_or_else(|| incomplete("Authorization header requires 'Credential' parameter."))
}

fn unsigned() -> Ec2Error {
    refused(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
}

fn incomplete(message: &str) -> Ec2Error {
    refused(400, "IncompleteSignature", message)
}

fn refused(status: u16, code: &str, message: &str) -> Ec2Error {
    Ec2Error::with_status(status, code, message)
}
