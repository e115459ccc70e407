//! An operator's calls to the EC2 API, for tests and examples that want one change and no SDK.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::{Client, ClientError, Result, confused};

impl Client {
    /// Makes one call; the answer is its XML. The region checks who signs, not the signature.
    ///
    /// # Errors
    /// EC2's own words, if it refuses.
    pub fn ec2(&self, action: &str, parameters: &[(&str, &str)]) -> Result<String> {
        let info = self.info()?;
        let host = info.endpoint.trim_start_matches("http://").trim_end_matches('/');
        let fixed = [("Action", action), ("Version", "2016-11-15")];
        let all = fixed.iter().chain(parameters);
        let body: Vec<_> = all.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let body = body.join("&");
        let key = info.environment.get("AWS_ACCESS_KEY_ID").map(String::as_str).unwrap_or_default();
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential={key}/20260101/{}/ec2/aws4_request, \
             SignedHeaders=host, Signature=0\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            info.region,
            body.len(),
        );
        let answer = exchange(host, &request).map_err(confused)?;
        match answer.starts_with("HTTP/1.1 200") {
            true => Ok(answer),
            false => Err(ClientError::Refused(format!("{action}: {answer}"))),
        }
    }

    /// Takes an ENI from its holder, whether that agrees or not, by the attachment that it has now.
    ///
    /// # Errors
    /// It is attached to nothing.
    pub fn detach_by_force(&self, eni: &str) -> Result<()> {
        let found = self.state()?.enis.into_iter().find(|found| found.id == eni);
        let attachment = found.and_then(|eni| eni.attachment);
        let attachment =
            attachment.ok_or_else(|| ClientError::Refused(format!("{eni} is not attached")))?;
        let parameters = [("AttachmentId", attachment.as_str()), ("Force", "true")];
        self.ec2("DetachNetworkInterface", &parameters).map(drop)
    }
}

fn exchange(host: &str, request: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(super::ANSWER))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// A form's value: bytes that mean something in a form are escaped.
fn encoded(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    value
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).into() } else { format!("%{byte:02X}") })
        .collect()
}
