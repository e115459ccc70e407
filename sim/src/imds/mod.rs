//! The instance metadata service, version 2: a token first, then anything that an instance may
//! know of itself. An instance is known by its source address.

mod network;
#[cfg(test)]
mod tests;
mod token;
mod tree;

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, StatusCode};

use crate::control::FaultKind;
use crate::faults;
use crate::http::{Dropped, Request, Response};
use crate::model::instance::Instance;
use crate::region::{Region, State};
use tree::Node;

pub use token::Tokens;

/// Where a token is put from.
const TOKEN_PATH: &str = "/latest/api/token";
/// The request's and the answer's header with a token's time to live, in seconds.
const TTL_HEADER: &str = "x-aws-ec2-metadata-token-ttl-seconds";
/// The header that bears a token.
const TOKEN_HEADER: &str = "x-aws-ec2-metadata-token";

/// What is answered: a text, or the reason why not.
type Answer = Result<Text, StatusCode>;

/// An answer's text, and the token's time to live where it is a token.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Text {
    pub body: Vec<u8>,
    pub ttl_s: Option<u32>,
}

/// Answers a request, or has its connection closed.
pub async fn answer(region: &Region, from: IpAddr, request: Request) -> Result<Response, Dropped> {
    let wants_token = request.uri().path() == TOKEN_PATH;
    let names: &[&str] =
        if wants_token { &[faults::IMDS_TOKEN, faults::IMDS] } else { &[faults::IMDS] };
    let fault = region.with(|state| {
        let instance = state.model.world().speaker(from).map(|instance| instance.id.to_string());
        state.faults.strike(names, instance.as_deref().unwrap_or("unknown"))
    });
    match fault {
        Some(FaultKind::Hang) => return std::future::pending().await,
        Some(FaultKind::LoseReply) => return Err(Dropped),
        Some(FaultKind::Delay { ms }) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Some(FaultKind::Error { status, .. }) => return Ok(refusal(status)),
        Some(FaultKind::Deny) => return Ok(refusal(403)),
        Some(FaultKind::NicNeverAppears) | None => {}
    }
    Ok(match region.with(|state| state.metadata(from, &request)) {
        Ok(text) => response(text),
        Err(status) => refusal(status.as_u16()),
    })
}

fn response(text: Text) -> Response {
    let mut response = hyper::Response::new(Full::new(Bytes::from(text.body)));
    let headers = response.headers_mut();
    headers.insert("content-type", hyper::header::HeaderValue::from_static("text/plain"));
    headers.insert("server", hyper::header::HeaderValue::from_static("EC2ws"));
    if let Some(ttl_s) = text.ttl_s {
        headers.insert(TTL_HEADER, ttl_s.into());
    }
    response
}

/// The page that IMDS sends with an error.
fn refusal(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n<!DOCTYPE html PUBLIC \
         \"-//W3C//DTD XHTML 1.0 Transitional//EN\" \
         \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n\
         <html xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"en\" lang=\"en\">\n\
         <head>\n  <title>{code} - {reason}</title>\n </head>\n \
         <body>\n  <h1>{code} - {reason}</h1>\n </body>\n</html>\n",
        code = status.as_u16(),
        reason = status.canonical_reason().unwrap_or_default(),
    );
    let mut response = hyper::Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let html = hyper::header::HeaderValue::from_static("text/html");
    response.headers_mut().insert("content-type", html);
    response
}

impl State {
    /// What IMDS says to whoever speaks from an address.
    pub fn metadata(&mut self, from: IpAddr, request: &Request) -> Answer {
        let Some(instance) = self.model.world().speaker(from).cloned() else {
            return Err(StatusCode::NOT_FOUND);
        };
        if !instance.metadata.enabled {
            return Err(StatusCode::FORBIDDEN);
        }
        let path = request.uri().path();
        match (request.method(), path) {
            (&Method::PUT, TOKEN_PATH) => self.give_token(&instance, request),
            (_, TOKEN_PATH) => Err(StatusCode::METHOD_NOT_ALLOWED),
            (&Method::GET | &Method::HEAD, _) => {
                let ttl_s = self.check_token(&instance, request)?;
                let body = self.look_up(&instance, path)?;
                Ok(Text { body, ttl_s })
            }
            _ => Err(StatusCode::METHOD_NOT_ALLOWED),
        }
    }

    fn look_up(&self, instance: &Instance, path: &str) -> Result<Vec<u8>, StatusCode> {
        let tree = tree::of(&self.model, instance);
        tree.find(path).map(Node::text).ok_or(StatusCode::NOT_FOUND)
    }
}
