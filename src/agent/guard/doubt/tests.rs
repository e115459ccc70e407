use std::collections::BTreeMap;

use super::*;
use crate::cloud::Attachment;
use crate::ids::{DeviceIndex, MacAddr};

const YES: Heard = Heard::Imds(Some(true));
const NO: Heard = Heard::Imds(Some(false));
const SILENT: Heard = Heard::Imds(None);
const OURS: Heard = Heard::Ec2(Some(true));
const NOT_OURS: Heard = Heard::Ec2(Some(false));
const ERROR: Heard = Heard::Ec2(None);

const LOOK: Next = Next::AskImds(LOOK_EVERY);
const ASK: Next = Next::AskEc2(Duration::ZERO);

const fn ask_in(seconds: u64) -> Next {
    Next::AskEc2(Duration::from_secs(seconds))
}

/// What is heard, and what follows from it.
type Step = (Heard, Next, Option<Say>);

/// What follows from each thing heard, from the beginning.
fn follow(heard: &[Heard]) -> Vec<(Next, Option<Say>)> {
    let (mut doubt, _) = Doubt::begin();
    let step = |it: &Heard| {
        let (next_state, next, say) = doubt.step(*it);
        doubt = next_state;
        (next, say)
    };
    heard.iter().map(step).collect()
}

#[test]
fn the_first_look_is_at_once() {
    assert_eq!(Doubt::begin().1, Next::AskImds(Duration::ZERO));
}

#[test]
fn each_story_ends_as_it_should() {
    #[rustfmt::skip]
    let stories: &[(&str, &[Step])] = &[
        ("all is well", &[(YES, LOOK, None), (YES, LOOK, None), (YES, LOOK, None)]),
        ("listed late", &[(NO, LOOK, None), (NO, LOOK, None), (NO, LOOK, None), (YES, LOOK, None)]),
        ("missed once", &[
            (YES, LOOK, None), (NO, LOOK, None), (YES, LOOK, None), (NO, LOOK, None), (YES, LOOK, None),
        ]),
        ("IMDS down", &[(YES, LOOK, None), (SILENT, LOOK, None), (SILENT, LOOK, None), (SILENT, LOOK, None)]),
        ("IMDS down before it is listed", &[(SILENT, LOOK, None), (NO, LOOK, None), (SILENT, LOOK, None)]),
        ("an outage is neither listed nor missing", &[
            (YES, LOOK, None), (NO, LOOK, None), (SILENT, LOOK, None), (NO, ASK, Some(Say::Missing)),
        ]),
        ("taken away", &[
            (YES, LOOK, None), (NO, LOOK, None), (NO, ASK, Some(Say::Missing)),
            (NOT_OURS, ask_in(2), Some(Say::NotOurs)), (NOT_OURS, Next::Fence, None),
        ]),
        ("a stale read", &[
            (YES, LOOK, None), (NO, LOOK, None), (NO, ASK, Some(Say::Missing)),
            (NOT_OURS, ask_in(2), Some(Say::NotOurs)), (OURS, LOOK, Some(Say::Ours)),
            (YES, LOOK, Some(Say::ListedAgain)),
        ]),
        ("EC2 down, then taken away: an error is no answer, and takes none back", &[
            (YES, LOOK, None), (NO, LOOK, None), (NO, ASK, Some(Say::Missing)),
            (ERROR, ask_in(2), None), (ERROR, ask_in(4), None),
            (NOT_OURS, ask_in(2), Some(Say::NotOurs)), (ERROR, ask_in(2), None),
            (ERROR, ask_in(4), None), (NOT_OURS, Next::Fence, None),
        ]),
        ("IMDS is wrong, and then the slot is taken away", &[
            (YES, LOOK, None), (NO, LOOK, None), (NO, ASK, Some(Say::Missing)),
            (OURS, LOOK, Some(Say::Ours)),
            (NO, LOOK, None), (NO, LOOK, None), (NO, LOOK, None), (NO, ASK, None),
            (NOT_OURS, ask_in(2), Some(Say::NotOurs)), (NOT_OURS, Next::Fence, None),
        ]),
        ("two answers apart by another do not count together", &[
            (YES, LOOK, None), (NO, LOOK, None), (NO, ASK, Some(Say::Missing)),
            (NOT_OURS, ask_in(2), Some(Say::NotOurs)), (OURS, LOOK, Some(Say::Ours)),
            (NO, LOOK, None), (SILENT, LOOK, None), (NO, LOOK, None), (NO, LOOK, None), (NO, ASK, None),
            (NOT_OURS, ask_in(2), Some(Say::NotOurs)), (OURS, LOOK, None),
        ]),
    ];
    for (story, steps) in stories {
        let heard: Vec<Heard> = steps.iter().map(|step| step.0).collect();
        let expected: Vec<_> = steps.iter().map(|step| (step.1, step.2)).collect();
        assert_eq!(follow(&heard), expected, "{story}");
    }
}

#[test]
fn never_listed_is_a_doubt_after_five_minutes() {
    let looks = follow(&[NO; 20]);
    assert!(looks[..19].iter().all(|it| *it == (LOOK, None)), "{looks:?}");
    assert_eq!(looks[19], (ASK, Some(Say::NeverListed)));
    assert_eq!(LOOK_EVERY * 20, Duration::from_secs(300));
}

#[test]
fn ec2_is_asked_ever_less_often_while_it_does_not_answer() {
    let asked = follow(&[[YES, NO, NO].as_slice(), &[ERROR; 40]].concat());
    let pauses: Vec<Next> = asked[3..].iter().map(|it| it.0).collect();
    assert_eq!(pauses[..6], [2, 4, 8, 16, 32, 60].map(ask_in));
    assert!(pauses[6..].iter().all(|pause| *pause == ask_in(60)));
}

/// Plays IMDS as never listing the slot, and EC2 as always saying that it is ours.
#[test]
fn ec2_is_asked_ever_less_often_while_it_contradicts_imds() {
    let (mut doubt, mut next) = Doubt::begin();
    let (mut waited, mut asked, mut said) = (Duration::ZERO, Vec::new(), Vec::new());
    while waited < Duration::from_secs(86_400) {
        let heard = match next {
            Next::AskImds(after) => {
                waited += after;
                NO
            }
            Next::AskEc2(after) => {
                waited += after;
                asked.push(waited.as_secs());
                OURS
            }
            Next::Fence => panic!("fenced after {waited:?}"),
        };
        let say;
        (doubt, next, say) = doubt.step(heard);
        said.extend(say);
    }
    let minutes: Vec<u64> = asked.windows(2).map(|two| (two[1] - two[0]) / 60).collect();
    assert_eq!(minutes[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
    assert!(minutes[8..].iter().all(|it| *it == 60), "{minutes:?}");
    assert_eq!(said, [Say::NeverListed, Say::Ours], "each once");
}

/// Every story of 9 things heard: the slot is lost by two answers of EC2's and by nothing else, and
/// EC2 is asked only when IMDS has not listed the slot twice (or never, for minutes).
#[test]
fn no_story_fences_without_two_answers_in_a_row() {
    fn explore(doubt: Doubt, next: Next, heard: &mut Vec<Heard>, fences: &mut u32) {
        let answers = match next {
            Next::Fence => {
                let answers: Vec<_> =
                    heard.iter().filter(|it| matches!(it, Heard::Ec2(Some(_)))).collect();
                assert!(matches!(answers[..], [.., &NOT_OURS, &NOT_OURS]), "{heard:?}");
                *fences += 1;
                return;
            }
            _ if heard.len() == 9 => return,
            Next::AskImds(_) => [YES, NO, SILENT],
            Next::AskEc2(_) => {
                let missing = heard.iter().filter(|it| **it == NO).count();
                assert!(missing >= 2 && heard.contains(&YES), "{heard:?}");
                [OURS, NOT_OURS, ERROR]
            }
        };
        for answer in answers {
            let (doubt, next, _) = doubt.step(answer);
            heard.push(answer);
            explore(doubt, next, heard, fences);
            heard.pop();
        }
    }
    let (doubt, next) = Doubt::begin();
    let mut fences = 0;
    explore(doubt, next, &mut Vec::new(), &mut fences);
    assert!(fences > 10, "{fences}");
}

fn eni(id: &str, attachment: Option<(&str, AttachmentStatus)>) -> Eni {
    let attachment = attachment.map(|(id, status)| Attachment {
        id: id.parse().unwrap(),
        instance: Some("i-0123456789abcdef0".parse().unwrap()),
        index: DeviceIndex(1),
        status,
    });
    Eni {
        id: id.parse().unwrap(),
        mac: MacAddr([2, 0, 0, 0, 0, 1]),
        zone: "eu-west-1a".to_owned(),
        subnet: "subnet-0123456789abcdef0".parse().unwrap(),
        addresses: Vec::new(),
        tags: BTreeMap::new(),
        attachment,
    }
}

#[test]
fn ec2s_answer_is_ours_only_by_the_very_attachment() {
    use AttachmentStatus::{Attached, Attaching, Detached, Detaching};
    let slot = "eni-0123456789abcdef0";
    let (ours, other) = ("eni-attach-0123456789abcdef0", "eni-attach-0123456789abcdef1");
    let primary = eni("eni-0123456789abcdef9", Some((ours, Attached)));
    let of =
        |attached: &[Eni]| Standing::of(&slot.parse().unwrap(), &ours.parse().unwrap(), attached);
    assert_eq!(of(&[]), Standing::Absent);
    assert_eq!(of(std::slice::from_ref(&primary)), Standing::Absent);
    for (attachment, expected) in [
        (None, Standing::Absent),
        (Some((ours, Attaching)), Standing::Ours),
        (Some((ours, Attached)), Standing::Ours),
        (Some((ours, Detaching)), Standing::Leaving),
        (Some((ours, Detached)), Standing::Leaving),
        (Some((other, Attached)), Standing::Anew(other.parse().unwrap())),
        (Some((other, Detaching)), Standing::Anew(other.parse().unwrap())),
    ] {
        let answer = [primary.clone(), eni(slot, attachment)];
        assert_eq!(of(&answer), expected, "{attachment:?}");
    }
}
