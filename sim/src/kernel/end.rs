//! The end of an instance, which anyone may wait for.

use tokio::process::Child;
use tokio::sync::watch;

/// The end of an instance; clones are of the same one.
#[derive(Debug, Clone)]
pub struct End(watch::Receiver<bool>);

impl End {
    /// The end of the process with which an instance ends.
    pub fn of(mut child: Child) -> End {
        let (tell, gone) = watch::channel(false);
        tokio::spawn(async move {
            let _ = child.wait().await;
            let _ = tell.send(true);
        });
        End(gone)
    }

    /// Resolves when the instance is gone.
    pub async fn wait(mut self) {
        // An error says that the watcher is gone, which it is only after the instance.
        let _ = self.0.wait_for(|gone| *gone).await;
    }
}
