//! How long things take in this region, in milliseconds.

use crate::control::Timings;

/// Every timing with a value; the defaults are near what EC2 takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delays {
    pub api: u64,
    pub attach_nic: u64,
    pub attached: u64,
    pub detach: u64,
    pub boot: u64,
    pub stop: u64,
    pub terminate: u64,
    pub replace: u64,
    pub stale: u64,
    pub imds_lag: u64,
    pub imds_device_number_lag: u64,
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            api: 20,
            attach_nic: 1_000,
            attached: 1_500,
            detach: 1_500,
            boot: 1_000,
            stop: 2_000,
            terminate: 3_000,
            replace: 1_000,
            stale: 0,
            imds_lag: 200,
            imds_device_number_lag: 1_500,
        }
    }
}

impl Delays {
    /// A forced detach or stop waits for no guest, so it takes this part of the time.
    pub const FORCED_FRACTION: u64 = 10;
    /// How long a terminated instance is still shown.
    pub const FORGET: u64 = 3_600_000;

    /// Takes over the timings that are named; the others stay.
    pub fn apply(&mut self, timings: &Timings) {
        let named = [
            (&mut self.api, timings.api_ms),
            (&mut self.attach_nic, timings.attach_nic_ms),
            (&mut self.attached, timings.attached_ms),
            (&mut self.detach, timings.detach_ms),
            (&mut self.boot, timings.boot_ms),
            (&mut self.stop, timings.stop_ms),
            (&mut self.terminate, timings.terminate_ms),
            (&mut self.replace, timings.replace_ms),
            (&mut self.stale, timings.stale_ms),
            (&mut self.imds_lag, timings.imds_lag_ms),
            (&mut self.imds_device_number_lag, timings.imds_device_number_lag_ms),
        ];
        for (delay, value) in named {
            *delay = value.unwrap_or(*delay);
        }
    }
}
