//! Pages of the Describe actions. A page begins after the last id of the one before, so that
//! what is made or deleted meanwhile neither repeats nor hides the rest.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::params::Reader;
use crate::model::error::Ec2Error;

/// Which page is wanted.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    size: Option<usize>,
    after: Option<String>,
}

impl Page {
    /// Reads `MaxResults` and `NextToken`. EC2 takes no page size along with ids.
    pub fn read(
        reader: &Reader<'_>,
        action: &str,
        ids: &str,
        max: usize,
    ) -> Result<Self, Ec2Error> {
        let size = reader.number("MaxResults")?;
        if let Some(size) = size {
            check_size(size, max)?;
            if !reader.list(ids).is_empty() {
                let message =
                    format!("The parameter {ids} cannot be used with the parameter maxResults");
                return Err(Ec2Error::combination(message));
            }
        }
        let token = reader.get("NextToken").filter(|token| !token.is_empty());
        let after = token.map(|token| open(action, token)).transpose()?;
        Ok(Self { size, after })
    }

    /// The items of the page, of all in the order of their ids, and the next page's token.
    pub fn cut<'a, T>(
        &self,
        action: &str,
        items: Vec<&'a T>,
        id: impl Fn(&T) -> &str,
    ) -> (Vec<&'a T>, Option<String>) {
        let begins = |item: &&T| self.after.as_deref().is_none_or(|after| id(item) > after);
        let mut page: Vec<_> = items.into_iter().filter(begins).collect();
        let more = self.size.is_some_and(|size| page.len() > size);
        page.truncate(self.size.unwrap_or(usize::MAX));
        let last = page.last().filter(|_| more);
        let next = last.map(|item| seal(action, id(item)));
        (page, next)
    }
}

fn check_size(size: usize, max: usize) -> Result<(), Ec2Error> {
    let why = match size {
        0..5 => "Expecting a value greater than or equal to 5.".to_owned(),
        size if size > max => format!("Expecting a value less than or equal to {max}."),
        _ => return Ok(()),
    };
    Err(Ec2Error::bad_value(&format!(" {size} "), "maxResults", &why))
}

/// The token of the page that begins after an id.
pub fn seal(action: &str, last: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("1/{action}/{last}"))
}

/// What a token of ours says; one of another action is as bad as none.
pub fn open(action: &str, token: &str) -> Result<String, Ec2Error> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let last = text.as_deref().and_then(|text| text.strip_prefix(&format!("1/{action}/")));
    last.map(str::to_owned).ok_or_else(|| {
        Ec2Error::invalid_value("The token in parameter NextToken is invalid or has expired.")
    })
}
