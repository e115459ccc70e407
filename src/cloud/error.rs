//! What EC2's refusals mean for us: each variant answers "what may I do now?".
//!
//! The SDK's error types for EC2 are generic, so the code is matched as text, here and nowhere
//! else.

use std::fmt;

use super::grants::Statement;

/// An action that the program calls, by its name in IAM policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// `ec2:DescribeNetworkInterfaces`
    DescribeNetworkInterfaces,
    /// `ec2:DescribeInstances`
    DescribeInstances,
    /// `ec2:AttachNetworkInterface`
    AttachNetworkInterface,
    /// `ec2:DetachNetworkInterface`
    DetachNetworkInterface,
    /// `ec2:CreateTags`
    CreateTags,
    /// `ec2:DeleteTags`
    DeleteTags,
    /// `ec2:DescribeInstanceTypes`
    DescribeInstanceTypes,
    /// `ec2:DescribeSubnets`
    DescribeSubnets,
    /// `ec2:DescribeSecurityGroups`
    DescribeSecurityGroups,
    /// `ec2:CreateNetworkInterface`
    CreateNetworkInterface,
    /// `ec2:DeleteNetworkInterface`
    DeleteNetworkInterface,
    /// `autoscaling:DescribeAutoScalingGroups`
    DescribeAutoScalingGroups,
    /// `sts:GetCallerIdentity`, which is permitted to everyone
    GetCallerIdentity,
}

impl Action {
    /// The IAM statement that grants the action.
    ///
    /// On everything, because that is sure to work; `steadfast iam-policy` prints what is enough.
    pub fn statement(self) -> String {
        Statement::everywhere(self).json()
    }

    /// Its full name in IAM policies, such as `ec2:CreateTags`.
    pub fn iam(self) -> String {
        let service = match self {
            Self::DescribeAutoScalingGroups => "autoscaling",
            Self::GetCallerIdentity => "sts",
            _ => "ec2",
        };
        format!("{service}:{self}")
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Why a call to EC2 did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CallError {
    /// Too many calls in the account: wait, then try again.
    #[error("EC2 throttles {0}")]
    Throttled(Action),
    /// The ENI is attached elsewhere: try the next one.
    #[error("the interface is in use")]
    InUse,
    /// Something is attached at that device index: find out what, then try the next index.
    #[error("the device index is taken")]
    IndexTaken,
    /// The instance type takes no more interfaces: final.
    #[error(
        "the instance type takes no more interfaces ({message}): detach one that is not needed, \
         or launch a larger type"
    )]
    NoRoom {
        /// EC2's words, which name the type and its limit.
        message: String,
    },
    /// The ENI lies in another zone than the instance: final.
    #[error("the interface lies in another zone than this instance ({message})")]
    WrongZone {
        /// EC2's words.
        message: String,
    },
    /// The ENI or instance is between two states: read again.
    #[error("{message}")]
    InTransition {
        /// EC2's words.
        message: String,
    },
    /// The ENI or instance is deleted or not yet visible: read again, then final.
    #[error("{message}")]
    NotFound {
        /// EC2's words.
        message: String,
    },
    /// The attachment has ended: a detach has nothing left to do.
    #[error("the attachment has ended already")]
    AttachmentGone,
    /// A primary interface or one that AWS owns: final.
    #[error("EC2 does not permit it: {message}")]
    NotPermitted {
        /// EC2's words.
        message: String,
    },
    /// IAM refuses: final.
    #[error(
        "EC2 refuses {}: add this statement to the policy of the role or user: {}",
        action.iam(),
        action.statement()
    )]
    Denied {
        /// What was refused.
        action: Action,
    },
    /// There are no credentials, so nothing was asked: final for a person, who can see to it; an agent
    /// that boots may be given its role in a moment.
    #[error("no credentials: {message}; {NEXT_STEP_NO_CREDENTIALS}")]
    NoCredentials {
        /// Why there are none.
        message: String,
    },
    /// EC2 does not take the credentials: final.
    #[error("no credentials that EC2 accepts: {message}; {NEXT_STEP_CREDENTIALS}")]
    Credentials {
        /// What was wrong with them.
        message: String,
    },
    /// No answer came, so it is unknown whether it was done: read, never assume.
    #[error("no answer from EC2 to {action}: {cause}")]
    Lost {
        /// What was asked.
        action: Action,
        /// A time-out, a broken connection or an error of EC2's own.
        cause: String,
    },
    /// Anything else: final.
    #[error("EC2 refuses {action}: {message} ({code})")]
    Refused {
        /// What was asked.
        action: Action,
        /// EC2's code.
        code: String,
        /// EC2's words.
        message: String,
    },
}

const NEXT_STEP_NO_CREDENTIALS: &str = "attach an instance profile with a role to the instance; \
    elsewhere set AWS_PROFILE or AWS_ACCESS_KEY_ID, or log in anew";
const NEXT_STEP_CREDENTIALS: &str = "attach an instance profile, or set AWS_PROFILE or \
    AWS_ACCESS_KEY_ID; check the region and the clock";

impl CallError {
    /// Whether the same call may well be answered otherwise a moment later.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Throttled(_) | Self::Lost { .. } | Self::InTransition { .. })
    }

    /// Whether it says what is wrong with an interface that was to be attached, without its name.
    pub fn is_about_interface(&self) -> bool {
        match self {
            Self::NoRoom { .. } | Self::WrongZone { .. } | Self::NotFound { .. } => true,
            Self::NotPermitted { .. } => true,
            Self::Refused { action, .. } => *action == Action::AttachNetworkInterface,
            _ => false,
        }
    }
}

/// What an answer with this HTTP status, code and message means.
///
/// `DryRunOperation` is not an error ("you may") and is not given here.
pub fn classify(action: Action, status: u16, code: &str, message: &str) -> CallError {
    let message = message.trim().to_owned();
    match code {
        // The first is EC2's for an account's budget, the second for a burst on one resource.
        "RequestLimitExceeded" | "EC2ThrottledException" | "Throttling" | "ThrottlingException" => {
            CallError::Throttled(action)
        }
        "InvalidNetworkInterface.InUse" => CallError::InUse,
        "InvalidParameterValue" if says_index_taken(&message) => CallError::IndexTaken,
        "InvalidParameterValue" if says_in_use(&message) => CallError::InUse,
        "AttachmentLimitExceeded" => CallError::NoRoom { message },
        "InvalidParameterCombination" if message.contains("zone") => {
            CallError::WrongZone { message }
        }
        "IncorrectState" | "IncorrectInstanceState" => CallError::InTransition { message },
        "InvalidNetworkInterfaceID.NotFound" | "InvalidInstanceID.NotFound" => {
            CallError::NotFound { message }
        }
        "InvalidAttachmentID.NotFound" => CallError::AttachmentGone,
        "OperationNotPermitted" => CallError::NotPermitted { message },
        "UnauthorizedOperation" | "AccessDenied" => CallError::Denied { action },
        "AuthFailure"
        | "InvalidClientTokenId"
        | "ExpiredToken"
        | "RequestExpired"
        | "SignatureDoesNotMatch"
        | "MissingAuthenticationToken"
        | "UnrecognizedClientException" => {
            CallError::Credentials { message: format!("{message} ({code})") }
        }
        _ if status >= 500 => {
            CallError::Lost { action, cause: format!("{message} ({code}, HTTP {status})") }
        }
        _ => CallError::Refused { action, code: code.to_owned(), message },
    }
}

/// `Instance 'i-..' already has an interface attached at device index '1'.`
fn says_index_taken(message: &str) -> bool {
    message.contains("already has an interface attached at device index")
}

/// `Network interface 'eni-..' is currently in use.` and its variants.
fn says_in_use(message: &str) -> bool {
    message.contains("eni-") && message.contains("in use")
}

/// Why the instance metadata service did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// Nothing answers at its address.
    #[error(
        "the instance metadata service does not answer ({cause}): steadfast runs on an EC2 \
         instance with IMDS enabled; check its metadata options (from a container, the hop limit, too)"
    )]
    Unreachable {
        /// What the client saw.
        cause: String,
    },
    /// It answers, but hands out no token: version 1 only, or something else on that address.
    #[error(
        "the instance metadata service gives no IMDSv2 token ({cause}): version 1 is never used; \
         enable IMDSv2 in the instance's metadata options"
    )]
    NoToken {
        /// What the client saw.
        cause: String,
    },
    /// It answers with an error or with something that does not parse.
    #[error("the instance metadata service answers {path} with {cause}")]
    Invalid {
        /// What was asked for.
        path: String,
        /// What came.
        cause: String,
    },
}

impl MetadataError {
    /// Whether the same question may well be answered a moment later: early at boot the network
    /// is only on its way.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Invalid { .. } => true,
            Self::NoToken { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attach(code: &str, message: &str) -> CallError {
        classify(Action::AttachNetworkInterface, 400, code, message)
    }

    #[test]
    fn both_spellings_of_in_use_are_a_lost_race() {
        assert_eq!(attach("InvalidNetworkInterface.InUse", ""), CallError::InUse);
        let text = "Network interface 'eni-0123456789abcdef0' is currently in use.";
        assert_eq!(attach("InvalidParameterValue", text), CallError::InUse);
    }

    #[test]
    fn a_taken_index_is_told_from_a_taken_interface() {
        let text = "Instance 'i-0123456789abcdef0' already has an interface attached at device \
                    index '1'.";
        assert_eq!(attach("InvalidParameterValue", text), CallError::IndexTaken);
        let other = attach("InvalidParameterValue", "Value (x) for parameter groupId is invalid.");
        assert!(matches!(other, CallError::Refused { .. }), "{other:?}");
    }

    #[test]
    fn an_error_of_ec2s_own_leaves_the_outcome_unknown() {
        let lost = classify(Action::AttachNetworkInterface, 500, "InternalError", "oops");
        assert!(matches!(lost, CallError::Lost { .. }), "{lost:?}");
        // 503, but EC2 says plainly that nothing was done.
        let throttled = classify(Action::AttachNetworkInterface, 503, "RequestLimitExceeded", "");
        assert_eq!(throttled, CallError::Throttled(Action::AttachNetworkInterface));
        assert_eq!(attach("EC2ThrottledException", ""), throttled);
    }

    #[test]
    fn a_refusal_names_the_action_and_the_statement_that_grants_it() {
        let text =
            classify(Action::DetachNetworkInterface, 403, "UnauthorizedOperation", "x").to_string();
        assert!(text.contains(r#""Action":"ec2:DetachNetworkInterface""#), "{text}");
    }
}
