//! An error as EC2 words it: HTTP status, code, message.

/// Why EC2 refuses. Clients match on the code; people read the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Ec2Error {
    pub status: u16,
    pub code: String,
    pub message: String,
}

impl Ec2Error {
    /// A client error, status 400, which is what nearly every EC2 error is.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self::with_status(400, code, message)
    }

    pub fn with_status(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into() }
    }

    pub fn invalid_value(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterValue", message)
    }

    pub fn combination(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterCombination", message)
    }

    /// A value that cannot be what the parameter is for.
    pub fn bad_value(value: &str, parameter: &str, why: &str) -> Self {
        Self::invalid_value(format!("Value ({value}) for parameter {parameter} is invalid. {why}"))
    }

    pub fn missing(parameter: &str) -> Self {
        let message = format!("The request must contain the parameter {parameter}");
        Self::new("MissingParameter", message)
    }
}
