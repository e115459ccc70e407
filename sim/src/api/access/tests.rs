//! What every action asks leave for, beside what boto3 sees of it in `tests/clients`.

use super::{Asked, Needs, of_caller};
use crate::api::actions::ACTIONS;
use crate::api::auth::Principal;
use crate::api::filter::View;
use crate::api::params::{Params, Reader};
use crate::api::service::Service;
use crate::control::PoolRequest;
use crate::iam::arity;
use crate::model::Model;
use crate::model::attach::Attach;
use crate::model::launch::Launch;
use crate::model::types::InstanceType;

/// A region with an instance that holds a slot, and every parameter that an action looks at.
fn region() -> (Model, Params, Principal) {
    let mut model = Model::new("eu-west-1", 1, 7, 0);
    let subnet = model.subnet_in("a").unwrap().id.clone();
    let kind = InstanceType::find("t3.small").unwrap();
    let instance = model.launch(&Launch::plain(kind, subnet.clone())).unwrap().remove(0);
    model.advance(60_000);
    let pool = PoolRequest { name: "zk".to_owned(), slots: 1, ipv6: false };
    let eni = model.create_pool(&pool).unwrap().remove(0);
    let attach = Attach {
        eni: eni.clone(),
        instance: instance.clone(),
        device_index: 1,
        network_card: None,
    };
    let attachment = model.attach(&attach).unwrap();
    let group = model.place.group.to_string();
    let all = [
        ("NetworkInterfaceId", eni.as_str()),
        ("InstanceId", instance.as_str()),
        ("InstanceId.1", instance.as_str()),
        ("AttachmentId", attachment.as_str()),
        ("Attachment.AttachmentId", attachment.as_str()),
        ("SubnetId", subnet.as_str()),
        ("GroupId", &group),
        ("SecurityGroupId.1", &group),
        ("VpcId", model.place.vpc.as_str()),
        ("ImageId", "ami-05eadfa5705eadfa5"),
        ("InstanceType", "t3.small"),
        ("IamInstanceProfile.Name", "zk"),
        ("ResourceId.1", eni.as_str()),
        ("ResourceId.2", instance.as_str()),
        ("ResourceId.3", subnet.as_str()),
        ("ResourceId.4", &group),
        ("Tag.1.Key", "a"),
        ("Tag.1.Value", "b"),
        ("TagSpecification.1.ResourceType", "network-interface"),
        ("TagSpecification.1.Tag.1.Key", "a"),
        ("TagSpecification.1.Tag.1.Value", "b"),
    ];
    let params = all.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let principal = Principal::Role { role: "zk".to_owned(), instance };
    (model, params, principal)
}

/// So that a policy may ask for every key that has a value, and no key is misspelt here.
#[test]
fn every_key_is_one_that_policies_may_have() {
    let (model, params, principal) = region();
    let view = View::of(&model);
    let mut seen: Vec<String> = Vec::new();
    for action in ACTIONS {
        let Needs::Resources(find) = action.needs else { continue };
        let asked = Asked { view: &view, action: action.name, reader: Reader::new(&params) };
        let leaves = find(&asked);
        assert!(!leaves.is_empty(), "{} asks for nothing", action.name);
        for leave in leaves {
            assert!(leave.resource.starts_with("arn:aws:"), "{leave:?}");
            seen.extend(leave.context.keys().cloned());
        }
    }
    for caller in [principal, Principal::Operator] {
        seen.extend(of_caller(&caller, &view).keys().cloned());
    }
    let unknown: Vec<_> = seen.iter().filter(|key| arity(key).is_none()).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    for key in ["ec2:resourcetag/steadfast:pool", "ec2:sourceinstancearn", "aws:tagkeys"] {
        assert!(seen.iter().any(|seen| seen == key), "{key} is never there");
    }
}

/// A new change that asks for nothing would be everybody's.
#[test]
fn only_who_one_is_needs_no_leave() {
    for action in ACTIONS {
        let is_free = matches!(action.needs, Needs::Nothing);
        assert_eq!(is_free, action.service == Service::Sts, "{}", action.name);
    }
}
