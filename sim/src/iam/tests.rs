//! Policies by tables: what is asked, and what comes of it.

use serde_json::{Value, json};

use super::Decision::{Allowed, Denied, NotAllowed};
use super::{Context, Policy, Request};

const ENI: &str = "arn:aws:ec2:eu-west-1:123456789012:network-interface/eni-1";
const ME: &str = "arn:aws:ec2:eu-west-1:123456789012:instance/i-1";
const OTHER: &str = "arn:aws:ec2:eu-west-1:123456789012:instance/i-2";
const ATTACH: &str = "ec2:AttachNetworkInterface";

fn policy(statements: &Value) -> Policy {
    let document = json!({ "Version": "2012-10-17", "Statement": statements });
    Policy::parse(&document.to_string()).unwrap()
}

fn ask(action: &str, resource: &str, context: Context) -> Request {
    Request { action: action.to_owned(), resource: resource.to_owned(), context }
}

fn none() -> Context {
    Context::default()
}

/// Whether a condition holds of a request.
fn holds(condition: Value, context: Context) -> bool {
    let all = json!([{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}]);
    policy(&all).decide(&ask(ATTACH, ENI, context)) == Allowed
}

#[test]
fn nothing_is_allowed_by_default_and_a_denial_stays() {
    let both = policy(&json!([
        {"Effect": "Deny", "Action": "ec2:Detach*", "Resource": "*"},
        {"Effect": "Allow", "Action": ["ec2:attachnetworkinterface", "ec2:D?tach*"], "Resource": "*"},
    ]));
    for (action, expected) in [
        (ATTACH, Allowed),
        ("ec2:DetachNetworkInterface", Denied),
        ("ec2:AttachNetworkInterfaces", NotAllowed),
        ("ec2:RunInstances", NotAllowed),
        ("autoscaling:AttachNetworkInterface", NotAllowed),
    ] {
        assert_eq!(both.decide(&ask(action, ENI, none())), expected, "{action}");
    }
    let all = policy(&json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
    assert_eq!(all.decide(&ask("ec2:RunInstances", "*", none())), Allowed);
}

#[test]
fn resources_are_arns_with_wildcards() {
    for (pattern, resource, expected) in [
        ("*", ENI, Allowed),
        ("*", "*", Allowed),
        (ENI, ENI, Allowed),
        (ENI, "*", NotAllowed),
        (ENI, "arn:aws:ec2:eu-west-1:123456789012:network-interface/eni-12", NotAllowed),
        ("arn:aws:ec2:*:*:network-interface/*", ENI, Allowed),
        ("arn:aws:ec2:*:*:network-interface/eni-?", ENI, Allowed),
        ("arn:aws:ec2:*:*:instance/*", ENI, NotAllowed),
        ("arn:aws:ec2:eu-west-2:*:network-interface/*", ENI, NotAllowed),
        ("arn:aws:ec2:*:*:Network-Interface/*", ENI, NotAllowed),
    ] {
        let one = policy(&json!({"Effect": "Allow", "Action": ATTACH, "Resource": pattern}));
        assert_eq!(one.decide(&ask(ATTACH, resource, none())), expected, "{pattern} {resource}");
    }
}

#[test]
fn what_is_excepted_is_not_meant() {
    let except = policy(&json!([
        {"Effect": "Allow", "NotAction": "ec2:Run*", "Resource": "*"},
        {"Effect": "Deny", "Action": ATTACH, "NotResource": ENI},
    ]));
    assert_eq!(except.decide(&ask(ATTACH, ENI, none())), Allowed);
    assert_eq!(except.decide(&ask(ATTACH, ME, none())), Denied);
    assert_eq!(except.decide(&ask("ec2:RunInstances", ME, none())), NotAllowed);
}

#[test]
fn an_instance_that_may_attach_to_itself_alone() {
    let mine = |resource: &str| {
        policy(&json!([
            {"Effect": "Allow", "Action": ATTACH, "Resource": resource,
             "Condition": {"ArnEquals": {"ec2:SourceInstanceARN": "${ec2:SourceInstanceARN}"}}},
        ]))
    };
    let as_me = || none().with("ec2:SourceInstanceARN", ME);
    let own = mine("${ec2:SourceInstanceARN}");
    assert_eq!(own.decide(&ask(ATTACH, ME, as_me())), Allowed);
    assert_eq!(own.decide(&ask(ATTACH, OTHER, as_me())), NotAllowed);
    assert_eq!(own.decide(&ask(ATTACH, ME, none())), NotAllowed, "an operator is no instance");
}

#[test]
fn a_key_with_one_value() {
    let pool = |value: &str| none().with("aws:ResourceTag/steadfast:pool", value);
    let wants =
        |operator: &str, value: Value| json!({operator: {"aws:ResourceTag/steadfast:pool": value}});
    for (operator, value, context, expected) in [
        ("StringEquals", json!("zk"), pool("zk"), true),
        ("StringEquals", json!("zk"), pool("ZK"), false),
        ("StringEquals", json!(["kafka", "zk"]), pool("zk"), true),
        ("StringEquals", json!("z*"), pool("zk"), false),
        ("StringEquals", json!("z*"), pool("z*"), true),
        ("StringEquals", json!("zk"), none(), false),
        ("StringEqualsIfExists", json!("zk"), none(), true),
        ("StringEqualsIfExists", json!("zk"), pool("kafka"), false),
        ("StringEqualsIgnoreCase", json!("zk"), pool("ZK"), true),
        ("StringLike", json!("z*"), pool("zk"), true),
        ("StringLike", json!("z?"), pool("zkk"), false),
        ("StringLike", json!("*"), none(), false),
        ("StringLikeIfExists", json!("z*"), none(), true),
        ("StringNotEquals", json!("zk"), pool("kafka"), true),
        ("StringNotEquals", json!(["kafka", "zk"]), pool("zk"), false),
        ("StringNotEquals", json!("zk"), none(), true),
        ("StringNotLike", json!("z*"), pool("zk"), false),
        ("Null", json!("true"), none(), true),
        ("Null", json!("true"), pool(""), false),
        ("Null", json!(false), pool("zk"), true),
        ("Null", json!("false"), none(), false),
        ("ForAllValues:StringEquals", json!("zk"), none(), true),
        ("ForAnyValue:StringEquals", json!("zk"), none(), false),
        ("ForAnyValue:StringEqualsIfExists", json!("zk"), none(), false),
    ] {
        let said = format!("{operator} {value} {context:?}");
        assert_eq!(holds(wants(operator, value), context), expected, "{said}");
    }
    let condition = wants("StringEquals", json!("zk"));
    assert!(holds(condition.clone(), none().with("aws:resourcetag/Steadfast:Pool", "zk")));
    assert!(!holds(condition, none().with("ec2:ResourceTag/steadfast:pool", "zk")));
}

#[test]
fn a_key_with_several_values() {
    let keys = |keys: &[&str]| {
        none().with_all("aws:TagKeys", keys.iter().map(|key| (*key).to_owned()).collect())
    };
    for (operator, context, expected) in [
        ("ForAllValues:StringEquals", keys(&["a", "b"]), true),
        ("ForAllValues:StringEquals", keys(&["a"]), true),
        ("ForAllValues:StringEquals", keys(&["a", "c"]), false),
        ("ForAllValues:StringEquals", keys(&[]), true),
        ("ForAnyValue:StringEquals", keys(&["a", "c"]), true),
        ("ForAnyValue:StringEquals", keys(&["c"]), false),
        ("ForAnyValue:StringEquals", keys(&[]), false),
        ("ForAllValues:StringNotEquals", keys(&["c", "d"]), true),
        ("ForAllValues:StringNotEquals", keys(&["a", "d"]), false),
        ("ForAnyValue:StringNotEquals", keys(&["a", "d"]), true),
        ("ForAllValues:StringLike", keys(&["a", "a"]), true),
    ] {
        let said = format!("{operator} {context:?}");
        let condition = json!({operator: {"aws:TagKeys": ["a", "b"]}});
        assert_eq!(holds(condition, context), expected, "{said}");
    }
    let some = json!({
        "ForAllValues:StringEquals": {"aws:TagKeys": "a"}, "Null": {"aws:TagKeys": "false"},
    });
    assert!(holds(some.clone(), keys(&["a"])));
    assert!(!holds(some, keys(&[])), "the guard that IAM's manual recommends");
}

#[test]
fn arns_are_compared_part_by_part() {
    let source = || none().with("ec2:SourceInstanceARN", ME);
    for (operator, value, expected) in [
        ("ArnEquals", ME, true),
        ("ArnEquals", "arn:aws:ec2:*:*:instance/*", true),
        ("ArnLike", "arn:aws:ec2:*:*:instance/i-?", true),
        ("ArnLike", "arn:*:instance/i-1:::", false),
        ("ArnLike", "arn:aws:*:*:*:volume/*", false),
        ("ArnNotEquals", OTHER, true),
        ("ArnNotLike", "arn:aws:ec2:*:*:instance/*", false),
        ("ArnEquals", "arn:aws:ec2:${aws:RequestedRegion}:*:instance/i-1", false),
        ("ArnEquals", "arn:aws:ec2:${aws:RequestedRegion, 'eu-west-1'}:*:instance/i-1", true),
        ("ArnNotEquals", "arn:aws:ec2:${aws:RequestedRegion}:*:instance/i-2", false),
    ] {
        let condition = json!({operator: {"ec2:SourceInstanceARN": value}});
        assert_eq!(holds(condition, source()), expected, "{operator} {value}");
    }
    let condition = json!({"ArnLike": {"ec2:SourceInstanceARN": "arn:aws:ec2:*:*:instance/*"}});
    assert!(!holds(condition, none()));
    let condition =
        json!({"ArnLikeIfExists": {"ec2:SourceInstanceARN": "arn:aws:ec2:*:*:instance/*"}});
    assert!(holds(condition, none()));
}

#[test]
fn what_a_variable_stands_for_has_no_wildcards() {
    let named = |value: &str| none().with("aws:username", value).with("ec2:Vpc", "x");
    let condition = || json!({"StringLike": {"ec2:Vpc": "${aws:username}*"}});
    assert!(holds(condition(), named("x")));
    assert!(!holds(condition(), named("*")));
    let literal = json!({"StringLike": {"ec2:Vpc": "${*}"}});
    assert!(!holds(literal.clone(), named("")));
    assert!(holds(literal, none().with("ec2:Vpc", "*")));
}

#[test]
fn truths_and_all_of_several_conditions() {
    let via = |value: &str| none().with("aws:ViaAWSService", value);
    assert!(holds(json!({"Bool": {"aws:ViaAWSService": false}}), via("false")));
    assert!(!holds(json!({"Bool": {"aws:ViaAWSService": "true"}}), via("false")));
    assert!(!holds(json!({"Bool": {"aws:ViaAWSService": "true"}}), none()));
    assert!(holds(json!({"BoolIfExists": {"aws:ViaAWSService": "true"}}), none()));
    let both = json!({"StringEquals": {"ec2:Region": "eu-west-1", "ec2:Vpc": "v"}});
    assert!(holds(both.clone(), none().with("ec2:Region", "eu-west-1").with("ec2:Vpc", "v")));
    assert!(!holds(both, none().with("ec2:Region", "eu-west-1")));
}

#[test]
fn what_is_not_known_is_refused_when_it_is_read() {
    let condition = |condition: Value| {
        json!({"Version": "2012-10-17", "Statement":
            {"Effect": "Allow", "Action": "ec2:*", "Resource": "*", "Condition": condition}})
    };
    let statement = |statement: Value| json!({"Version": "2012-10-17", "Statement": statement});
    for (document, said) in [
        (condition(json!({"StringEqual": {"ec2:Region": "x"}})), "operator StringEqual"),
        (condition(json!({"NullIfExists": {"ec2:Region": "true"}})), "operator NullIfExists"),
        (condition(json!({"ForSomeValues:StringEquals": {"aws:TagKeys": "x"}})), "ForSomeValues"),
        (condition(json!({"NumericEquals": {"ec2:Region": "1"}})), "operator NumericEquals"),
        (condition(json!({"StringEquals": {"ec2:Colour": "x"}})), "key ec2:Colour"),
        (condition(json!({"StringEquals": {"aws:ResourceTag/": "x"}})), "key aws:ResourceTag/"),
        (condition(json!({"StringEquals": {"aws:TagKeys": "x"}})), "several values"),
        (condition(json!({"StringEquals": {"ec2:Vpc": "${ec2:Colour}"}})), "variable ec2:Colour"),
        (condition(json!({"StringEquals": {"ec2:Vpc": "${aws:TagKeys}"}})), "no variable"),
        (condition(json!({"StringEquals": {"ec2:Vpc": "${ec2:Region"}})), "has no end"),
        (condition(json!({"StringEquals": {"ec2:Vpc": []}})), "no values"),
        (condition(json!({"Bool": {"aws:ViaAWSService": "yes"}})), "true or false"),
        (condition(json!({"ArnLike": {"ec2:Vpc": "vpc-*"}})), "not an ARN"),
        (statement(json!({"Effect": "Permit", "Action": "*", "Resource": "*"})), "Effect"),
        (statement(json!({"Effect": "Allow", "Action": "Attach", "Resource": "*"})), "an action"),
        (statement(json!({"Effect": "Allow", "Action": "*", "Resource": "eni-1"})), "the ARN"),
        (statement(json!({"Effect": "Allow", "Action": "*"})), "Resource or NotResource"),
        (
            statement(json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"})),
            "element Principal",
        ),
        (statement(json!([])), "no Statement"),
        (json!({"Version": "2008-10-17", "Statement": []}), "Version"),
        (json!([]), "not a JSON object"),
    ] {
        let refused = Policy::parse(&document.to_string()).unwrap_err().to_string();
        assert!(refused.contains(said), "{refused}: not {said}");
    }
    assert!(Policy::parse("{").unwrap_err().to_string().contains("not JSON"));
    let long = format!("{{\"Id\": \"{}\"}}", "x".repeat(10_240));
    assert!(Policy::parse(&long).unwrap_err().to_string().contains("10240"));
    let sid = statement(json!({"Sid": "Mine", "Effect": "No", "Action": "*", "Resource": "*"}));
    let said = Policy::parse(&sid.to_string()).unwrap_err().to_string();
    assert!(said.starts_with("statement Mine: "), "{said}");
}
