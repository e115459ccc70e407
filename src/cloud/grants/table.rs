//! The table.

use super::Condition::{IntoPool, Itself, Keys, OfNoOtherPool, OfPool, RetiredFromPool, WhileMade};
use super::{Grant, On, Role};
use crate::cloud::{
    Action, TAG_BOOTSTRAP, TAG_INITIALIZED, TAG_POOL, TAG_RECLAIMED, TAG_RETIRED, TAG_SLOT,
};

const BOTH: &[Role] = &[Role::Agent, Role::Operator];
const AGENT: &[Role] = &[Role::Agent];
const OPERATOR: &[Role] = &[Role::Operator];

/// Every statement's worth of leave that the program needs.
pub const GRANTS: &[Grant] = &[
    Grant {
        sid: "Look",
        roles: BOTH,
        actions: &[Action::DescribeNetworkInterfaces, Action::DescribeInstances],
        on: On::Nothing,
        conditions: &[],
    },
    Grant {
        sid: "LookAround",
        roles: OPERATOR,
        actions: &[
            Action::DescribeInstanceTypes,
            Action::DescribeSubnets,
            Action::DescribeSecurityGroups,
            Action::DescribeAutoScalingGroups,
        ],
        on: On::Nothing,
        conditions: &[],
    },
    Grant {
        sid: "MoveSlots",
        roles: BOTH,
        actions: &[Action::AttachNetworkInterface, Action::DetachNetworkInterface],
        on: On::Interfaces,
        conditions: &[OfPool],
    },
    Grant {
        sid: "ToItself",
        roles: AGENT,
        actions: &[Action::AttachNetworkInterface],
        on: On::Instances,
        conditions: &[Itself],
    },
    Grant {
        sid: "ToAny",
        roles: OPERATOR,
        actions: &[Action::AttachNetworkInterface],
        on: On::Instances,
        conditions: &[],
    },
    // From any instance: a slot is taken from a holder that is dead, of which nothing can be said (its
    // tags go with it). What can be detached are the pool's slots alone, by the statement above.
    Grant {
        sid: "FromAny",
        roles: BOTH,
        actions: &[Action::DetachNetworkInterface],
        on: On::Instances,
        conditions: &[],
    },
    Grant {
        sid: "Remember",
        roles: AGENT,
        actions: &[Action::CreateTags],
        on: On::Interfaces,
        conditions: &[OfPool, Keys(&[TAG_INITIALIZED])],
    },
    Grant {
        sid: "Forget",
        roles: AGENT,
        actions: &[Action::DeleteTags],
        on: On::Interfaces,
        conditions: &[OfPool, Keys(&[TAG_INITIALIZED, TAG_BOOTSTRAP])],
    },
    Grant {
        sid: "MarkSlots",
        roles: OPERATOR,
        actions: &[Action::CreateTags],
        on: On::Interfaces,
        conditions: &[OfPool, Keys(&[TAG_INITIALIZED, TAG_BOOTSTRAP, TAG_RECLAIMED, TAG_RETIRED])],
    },
    Grant {
        sid: "AdoptSlots",
        roles: OPERATOR,
        actions: &[Action::CreateTags],
        on: On::Interfaces,
        conditions: &[OfNoOtherPool, IntoPool, Keys(&[TAG_POOL, TAG_SLOT, TAG_INITIALIZED])],
    },
    Grant {
        sid: "UnmarkSlots",
        roles: OPERATOR,
        actions: &[Action::DeleteTags],
        on: On::Interfaces,
        conditions: &[
            OfPool,
            Keys(&[TAG_POOL, TAG_SLOT, TAG_BOOTSTRAP, TAG_RECLAIMED, TAG_RETIRED]),
        ],
    },
    Grant {
        sid: "MakeSlots",
        roles: OPERATOR,
        actions: &[Action::CreateNetworkInterface],
        on: On::Interfaces,
        conditions: &[IntoPool],
    },
    Grant {
        sid: "MakeSlotsThere",
        roles: OPERATOR,
        actions: &[Action::CreateNetworkInterface],
        on: On::Surroundings,
        conditions: &[],
    },
    Grant {
        sid: "TagWhatIsMade",
        roles: OPERATOR,
        actions: &[Action::CreateTags],
        on: On::Interfaces,
        conditions: &[WhileMade, IntoPool],
    },
    Grant {
        sid: "DeleteSurplus",
        roles: OPERATOR,
        actions: &[Action::DeleteNetworkInterface],
        on: On::Interfaces,
        conditions: &[OfPool],
    },
    Grant {
        sid: "DeleteRetired",
        roles: OPERATOR,
        actions: &[Action::DeleteNetworkInterface],
        on: On::Interfaces,
        conditions: &[RetiredFromPool],
    },
];
