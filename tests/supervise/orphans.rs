//! No zombies while COMMAND runs.

use crate::alone::alone;
use crate::judge::{assert_nothing_lives, eventually_async, lines, ps_lines, zombies_of};
use crate::program::{shell, start};

/// Their parents end at once, so they are the keeper's; the last of them tell that it was so.
const ORPHANS: &str = "
for i in $(seq 300); do (true & (exit 3) & sh -c : &); done
(sleep 0.2 && ps -o ppid= -p $(sh -c 'echo $PPID') >/run/adopted &)
while [ ! -s /run/adopted ]; do sleep 0.01; done
echo done >/run/done
sleep 1000; true";

#[test]
fn orphans_are_reaped_while_command_runs() {
    alone(async || {
        let mut program = start(&shell("orphans", ORPHANS)).await;
        let keeper = program.keeper_pid();
        eventually_async("done", || lines("/run/done".as_ref()).pop()).await;
        assert_eq!(lines("/run/adopted".as_ref())[0].trim(), "1");
        eventually_async("no zombies", || zombies_of(keeper).is_empty().then_some(())).await;
        let children = ps_lines().into_iter().filter(|it| it.ppid == keeper).count();
        assert_eq!(children, 1);
        program.kill();
        program.ended().await.unwrap();
        assert_nothing_lives("orphans");
        assert_eq!(zombies_of(std::process::id()), []);
    });
}
