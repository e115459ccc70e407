//! What the SDK hands back, as our errors: here alone are its error types taken apart.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::super::{Action, CallError, classify};

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
        return match credentials {
            // Whoever hands them out (for a role, IMDS) has trouble of its own: it may pass.
            CredentialsError::ProviderTimedOut(_) | CredentialsError::ProviderError(_) => {
                let cause = format!("no credentials came: {}", crate::errors::chain(credentials));
                CallError::Lost { action, cause }
            }
            _ => CallError::Credentials { message: no_credentials(credentials) },
        };
    }
    let innermost = causes.last().map_or_else(|| error.to_string(), ToString::to_string);
    let timed_out = matches!(error, SdkError::TimeoutError(_));
    CallError::Lost { action, cause: if timed_out { "timed out".to_owned() } else { innermost } }
}

/// In one line: the SDK lists every place that it looked in on a line of its own.
fn no_credentials(error: &CredentialsError) -> String {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => {
            "there are none in the environment, the AWS profile or the instance's role".to_owned()
        }
        other => crate::errors::chain(other),
    }
}

/// The causes of an error, outermost first.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |&e| e.source()).collect()
}
