//! Holds the policy that the templates of `examples/` give the agent's role to the one that the program
//! prints. The rest of them is judged by others' tools: `check` beside this file.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by panicking")]

use std::process::Command;

use serde_json::Value;

const POOL: &str = "kafka";
const REGION: &str = "eu-west-1";
const ACCOUNT: &str = "123456789012";

fn file(name: &str) -> String {
    let path = format!("{}/examples/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// What `iam-policy` prints on a machine that knows nothing.
fn printed() -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_steadfast"));
    command.env_clear().args(["iam-policy", "--role", "agent", "--pool", POOL]);
    let told = command.args(["--region", REGION, "--account", ACCOUNT]).output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    serde_json::from_slice(&told.stdout).unwrap()
}

/// CloudFormation's functions carried out, as far as the policy uses them.
fn resolved(it: Value) -> Value {
    match it {
        Value::Array(all) => all.into_iter().map(resolved).collect(),
        Value::Object(map) => match (map.get("Ref"), map.get("Fn::Sub")) {
            (Some(name), _) => {
                assert_eq!(name, "Pool");
                POOL.into()
            }
            (_, Some(text)) => {
                let text = text.as_str().unwrap().replace("${AWS::Partition}", "aws");
                let text = text.replace("${AWS::Region}", REGION);
                text.replace("${AWS::AccountId}", ACCOUNT).replace("${!", "${").into()
            }
            _ => map.into_iter().map(|(key, value)| (key, resolved(value))).collect(),
        },
        other => other,
    }
}

#[test]
fn the_role_of_the_cloudformation_template_has_the_agents_policy() {
    let template = file("cloudformation/pool.yaml");
    let (_, policy) = template.split_once(" PolicyDocument:\n").unwrap();
    // JSON is YAML, too: the document ends where its first brace is closed.
    let policy = serde_json::Deserializer::from_str(policy).into_iter().next().unwrap().unwrap();
    assert_eq!(resolved(policy), printed());
}

#[test]
fn the_role_of_the_terraform_configuration_has_the_agents_policy() {
    let policy = file("terraform/agent-policy.json.tftpl").replace("${partition}", "aws");
    let policy = policy.replace("${region}", REGION).replace("${account}", ACCOUNT);
    let policy = policy.replace("${pool}", POOL).replace("$${", "${");
    assert_eq!(serde_json::from_str::<Value>(&policy).unwrap(), printed());
}
