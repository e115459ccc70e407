//! Tokens of the metadata service: one instance's, for a while.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use hyper::StatusCode;

use super::{Answer, TOKEN_HEADER, TTL_HEADER, Text};
use crate::http::Request;
use crate::model::ids::InstanceId;
use crate::model::instance::Instance;
use crate::region::State;

/// How long a token may be made to live, in seconds: at most six hours.
const TTL_S: std::ops::RangeInclusive<u32> = 1..=21_600;

/// The tokens that have been given, with their instance and the model time at which they expire.
#[derive(Debug, Default)]
pub struct Tokens(HashMap<String, (InstanceId, u64)>);

impl State {
    /// A token for an instance. What came through a proxy gets none.
    pub(super) fn give_token(&mut self, instance: &Instance, request: &Request) -> Answer {
        if request.headers().contains_key("x-forwarded-for") {
            return Err(StatusCode::FORBIDDEN);
        }
        let ttl = request.headers().get(TTL_HEADER).and_then(|ttl| ttl.to_str().ok());
        let ttl = ttl.and_then(|ttl| ttl.trim().parse().ok()).filter(|ttl| TTL_S.contains(ttl));
        let ttl_s: u32 = ttl.ok_or(StatusCode::BAD_REQUEST)?;
        let now_ms = self.model.now_ms();
        let bytes: Vec<u8> = (0..40).map(|_| self.rng.u8(..)).collect();
        let token = format!("AQAE{}", URL_SAFE.encode(bytes));
        self.tokens.0.retain(|_, (_, expires_ms)| *expires_ms > now_ms);
        let expires_ms = now_ms + u64::from(ttl_s) * 1_000;
        self.tokens.0.insert(token.clone(), (instance.id.clone(), expires_ms));
        Ok(Text { body: token.into_bytes(), ttl_s: Some(ttl_s) })
    }

    /// What is left of a request's token, in seconds; without a token, nothing if none is needed.
    pub(super) fn check_token(
        &self,
        instance: &Instance,
        request: &Request,
    ) -> Result<Option<u32>, StatusCode> {
        let Some(token) = request.headers().get(TOKEN_HEADER) else {
            let required = instance.metadata.tokens_required;
            return if required { Err(StatusCode::UNAUTHORIZED) } else { Ok(None) };
        };
        let known = token.to_str().ok().and_then(|token| self.tokens.0.get(token));
        let left_ms = known
            .filter(|(of, _)| *of == instance.id)
            .and_then(|(_, expires_ms)| expires_ms.checked_sub(self.model.now_ms()))
            .filter(|left_ms| *left_ms > 0);
        let left_ms = left_ms.ok_or(StatusCode::UNAUTHORIZED)?;
        Ok(Some(u32::try_from(left_ms.div_ceil(1_000)).unwrap_or(u32::MAX)))
    }
}
