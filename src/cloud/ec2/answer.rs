//! What the SDK hands back, as our errors: here alone are its error types taken apart.

use std::error::Error;

use aws_config::imds::client::error::{ImdsError, TokenError};
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;

use super::super::{Action, CallError, classify};

/// By which IMDS throttles.
const TOO_MANY_REQUESTS: u16 = 429;

/// Parses a field of an answer.
pub fn parsed<T>(action: Action, field: &str, text: Option<&str>) -> Result<T, CallError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let text = text.ok_or_else(|| malformed(action, format!("no {field}")))?;
    text.parse().map_err(|e: T::Err| malformed(action, format!("{field}: {e}")))
}

/// An answer that is not EC2's: final, and never taken for an empty pool.
pub fn malformed(action: Action, what: String) -> CallError {
    CallError::Refused { action, code: "malformed answer".to_owned(), message: what }
}

/// What was answered; "you may" is the dry run's success, and has nothing in it.
pub fn done<T, E>(
    action: Action,
    sent: Result<T, SdkError<E, HttpResponse>>,
) -> Result<Option<T>, CallError>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match sent {
        Ok(answer) => Ok(Some(answer)),
        Err(e) if e.code() == Some("DryRunOperation") => Ok(None),
        Err(e) => Err(call_error(action, e)),
    }
}

/// Why there is no answer, or none that will do.
pub fn call_error<E>(action: Action, error: SdkError<E, HttpResponse>) -> CallError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    if let SdkError::ServiceError(answer) = &error {
        let status = answer.raw().status().as_u16();
        let meta = answer.err().meta();
        let code = meta.code().unwrap_or("no code");
        return classify(action, status, code, meta.message().unwrap_or_default());
    }
    let causes = causes(&error);
    if let Some(credentials) = causes.iter().find_map(|e| e.downcast_ref::<CredentialsError>()) {
        return match has_trouble(credentials) {
            true => {
                let cause = format!("no credentials came: {}", crate::errors::chain(credentials));
                CallError::Lost { action, cause }
            }
            false => CallError::NoCredentials { message: no_credentials(credentials) },
        };
    }
    let innermost = causes.last().map_or_else(|| error.to_string(), ToString::to_string);
    let timed_out = matches!(error, SdkError::TimeoutError(_));
    CallError::Lost { action, cause: if timed_out { "timed out".to_owned() } else { innermost } }
}

/// Whether whoever hands credentials out (for a role, IMDS) did not answer or has trouble of its own, which
/// may pass, rather than none to hand out.
fn has_trouble(error: &CredentialsError) -> bool {
    let is_trouble = |e: &&(dyn Error + 'static)| {
        e.is::<ConnectorError>()
            || matches!(e.downcast_ref::<ImdsError>(), Some(ImdsError::IoError(_)))
            || imds_status(*e).is_some_and(|status| status >= 500 || status == TOO_MANY_REQUESTS)
    };
    match error {
        CredentialsError::ProviderTimedOut(_) => true,
        CredentialsError::ProviderError(_) => causes(error).iter().any(is_trouble),
        _ => false,
    }
}

/// In one line: the SDK lists every place that it looked in on a line of its own.
fn no_credentials(error: &CredentialsError) -> String {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => {
            "there are none in the environment, the AWS profile or the instance's role".to_owned()
        }
        other => causes(other).first().map_or_else(|| other.to_string(), |e| told(*e)),
    }
}

/// In words; of an answer of IMDS, what it is.
fn told(error: &(dyn Error + 'static)) -> String {
    match causes(error).into_iter().chain([error]).find_map(imds_status) {
        Some(status) => format!("IMDS, asked for the role's, answers with HTTP status {status}"),
        None => crate::errors::chain(error),
    }
}

/// What IMDS has answered instead of a token or of what a path has.
fn imds_status(error: &(dyn Error + 'static)) -> Option<u16> {
    if let Some(ImdsError::ErrorResponse(answer)) = error.downcast_ref() {
        return Some(answer.response().status().as_u16());
    }
    let token = error.downcast_ref::<SdkError<TokenError, HttpResponse>>();
    Some(token?.raw_response()?.status().as_u16())
}

/// The causes of an error, outermost first.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |&e| e.source()).collect()
}
