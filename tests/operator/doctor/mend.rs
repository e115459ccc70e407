//! Does what a printed command of the AWS CLI does, by the region's own API: what is not understood
//! to the last flag fails the test.

use crate::region::Region;

/// Runs a command as it was printed.
pub fn run(region: &Region, command: &str) {
    let words: Vec<&str> = command.split_whitespace().collect();
    let ["aws", "ec2", action, flags @ ..] = &words[..] else { panic!("{command}") };
    let mut parameters = Vec::new();
    let mut flags = flags.iter().copied().peekable();
    while let Some(flag) = flags.next() {
        let value = flags.next_if(|next| !next.starts_with("--"));
        parameters.extend(parameter(action, flag, value, &region.info().unwrap().region));
    }
    let parameters: Vec<(&str, &str)> =
        parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    region.ec2(&camel(action), &parameters);
}

fn parameter(action: &str, flag: &str, value: Option<&str>, region: &str) -> Vec<(String, String)> {
    let one = |name: &str| vec![(name.to_owned(), value.expect(flag).to_owned())];
    let pairs = |prefix: &str| {
        let pairs =
            value.expect(flag).split(',').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.map(|(key, value)| (format!("{prefix}.{key}"), value.to_owned())).collect()
    };
    match flag {
        "--region" => {
            assert_eq!(value, Some(region), "{action}");
            Vec::new()
        }
        "--resources" => one("ResourceId.1"),
        "--tags" => pairs("Tag.1"),
        "--attachment" => pairs("Attachment"),
        "--source-dest-check" => vec![("SourceDestCheck.Value".to_owned(), "true".to_owned())],
        "--protocol" => one("IpPermissions.1.IpProtocol"),
        "--source-group" => one("IpPermissions.1.Groups.1.GroupId"),
        "--port" => [one("IpPermissions.1.FromPort"), one("IpPermissions.1.ToPort")].concat(),
        "--network-interface-id"
        | "--instance-id"
        | "--group-id"
        | "--http-tokens"
        | "--http-endpoint"
        | "--http-put-response-hop-limit"
        | "--instance-metadata-tags" => one(&camel(&flag[2..])),
        _ => panic!("{action}: {flag}"),
    }
}

/// `create-tags` as the API has it: `CreateTags`.
fn camel(kebab: &str) -> String {
    let word = |word: &str| word[..1].to_uppercase() + &word[1..];
    kebab.split('-').map(word).collect()
}
