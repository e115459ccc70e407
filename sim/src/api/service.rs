//! The services behind the endpoint. Each has a version, a form of errors and its own words for
//! what goes wrong before an action is reached.

use super::xml::Xml;
use crate::model::error::Ec2Error;

/// Why a call is denied by default.
pub const NOT_ALLOWED: &str = "because no identity-based policy allows the ACTION action";

/// A service of the region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    Ec2,
    AutoScaling,
    Sts,
}

impl Service {
    const ALL: [Self; 3] = [Self::Ec2, Self::AutoScaling, Self::Sts];

    /// The service that a signature is scoped to.
    pub fn of_scope(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.prefix() == name)
    }

    /// The service of a version, for a request that bears no signature; EC2 if it has none either.
    pub fn of_version(version: Option<&str>) -> Self {
        let named = Self::ALL.into_iter().find(|service| Some(service.version()) == version);
        named.unwrap_or(Self::Ec2)
    }

    /// Its name in a signature's scope, and before its actions in a policy.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Ec2 => "ec2",
            Self::AutoScaling => "autoscaling",
            Self::Sts => "sts",
        }
    }

    /// The only version of its API; of EC2's, the only one that was added to since 2016.
    pub fn version(self) -> &'static str {
        match self {
            Self::Ec2 => "2016-11-15",
            Self::AutoScaling => "2011-01-01",
            Self::Sts => "2011-06-15",
        }
    }

    /// Its name in errors.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ec2 => "AmazonEC2",
            Self::AutoScaling => "AutoScaling",
            Self::Sts => "AWSSecurityTokenService",
        }
    }

    fn namespace(self) -> &'static str {
        match self {
            Self::Ec2 => "http://ec2.amazonaws.com/doc/2016-11-15/",
            Self::AutoScaling => "http://autoscaling.amazonaws.com/doc/2011-01-01/",
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
        }
    }

    /// The answer to an action.
    pub fn response(self, action: &str, result: Xml, request_id: &str) -> String {
        let mut xml = Xml::default();
        let root = format!("{action}Response");
        xml.root(&root, self.namespace(), |xml| {
            if self == Self::Ec2 {
                xml.text("requestId", request_id).append(result);
                return;
            }
            xml.within(&format!("{action}Result"), |xml| {
                xml.append(result);
            });
            xml.nested("ResponseMetadata", "RequestId", request_id);
        });
        xml.into_document()
    }

    /// The answer to what is refused.
    pub fn refusal(self, error: &Ec2Error, request_id: &str) -> String {
        let mut xml = Xml::default();
        let words = |xml: &mut Xml| {
            xml.text("Code", &error.code).text("Message", &error.message);
        };
        if self == Self::Ec2 {
            xml.within("Response", |xml| {
                xml.within("Errors", |xml| {
                    xml.within("Error", words);
                });
                xml.text("RequestID", request_id);
            });
            return xml.into_document();
        }
        let side = if error.status < 500 { "Sender" } else { "Receiver" };
        xml.root("ErrorResponse", self.namespace(), |xml| {
            xml.within("Error", |xml| {
                xml.text("Type", side);
                words(xml);
            });
            xml.text("RequestId", request_id);
        });
        xml.into_document()
    }

    /// The error for whom a policy does not let do `action`, which bears its service's prefix.
    /// `resource` is named unless the action knows none.
    pub fn denied(self, user: &str, action: &str, resource: Option<&str>, why: &str) -> Ec2Error {
        let on = resource.map(|arn| format!(" on resource: {arn}")).unwrap_or_default();
        let why = why.replace("ACTION", action);
        let message = format!("User: {user} is not authorized to perform: {action}{on} {why}");
        if self != Self::Ec2 {
            return Ec2Error::with_status(403, "AccessDenied", message);
        }
        let message = format!("You are not authorized to perform this operation. {message}");
        Ec2Error::with_status(403, "UnauthorizedOperation", message)
    }

    /// An error of the parts that all services share, in this one's words.
    pub fn in_own_words(self, error: Ec2Error) -> Ec2Error {
        if self == Self::Ec2 {
            return error;
        }
        let (status, code) = match error.code.as_str() {
            "AuthFailure" if error.message.starts_with("Credential") => {
                (403, "SignatureDoesNotMatch")
            }
            "AuthFailure" => {
                let message = "The security token included in the request is invalid.";
                return Ec2Error::with_status(403, "InvalidClientTokenId", message);
            }
            "RequestLimitExceeded" => {
                return Ec2Error::with_status(400, "Throttling", "Rate exceeded");
            }
            "MissingParameter" | "UnknownParameter" | "InvalidParameterValue" => {
                (400, "ValidationError")
            }
            _ => return error,
        };
        Ec2Error::with_status(status, code, error.message)
    }
}
