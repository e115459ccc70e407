//! The region, what is served in it, and its machines.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use steadfast_sim::client::{LocalRegion, Options, tags};
use steadfast_sim::control::{EniView, GroupRequest, LaunchRequest, ROLE, Timings};

use crate::guest::Guest;
use crate::package::Package;
use crate::user_data::{Form, Values, user_data};
use crate::within::{Background, done, eventually};

/// The pool of the ensemble.
pub const POOL: &str = "kafka";
/// Another pool, which the machines' role has nothing to do with.
pub const FOREIGN_POOL: &str = "foreign";
const SLOTS: u32 = 3;
/// Enough for a server and for a card more.
const INSTANCE_TYPE: &str = "t3.micro";
const WEB_PORT: u16 = 8000;
/// The compiler of last resort costs an emulated processor more than it gains.
const JVMFLAGS: &str = "-Xmx128m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC";
/// A server on a busy host is slow, not dead. Not `initLimit`: for so long a server that takes itself for
/// the leader waits for followers that it has not.
const SETTINGS: &str = "[zookeeper]\nsyncLimit = 10";

/// A region with what the machines need.
pub struct Site<'a> {
    pub region: &'a LocalRegion,
    image: String,
    /// An instance without a kernel of its own: it serves the packages and has the client.
    pub client: String,
    web: String,
    pub package: Package,
    pub newer: Package,
    _server: Background,
}

/// Starts a region that ends with this value, with EC2's delays.
pub fn up() -> LocalRegion {
    let bin = bin_dir();
    let region = LocalRegion::up(&Options {
        sim_binary: bin.join("steadfast-sim"),
        shares: vec![env!("CARGO_MANIFEST_DIR").into(), bin.into(), served()],
        timings: Timings::default(),
        seed: None,
        zones: None,
    });
    region.expect("a local region: cargo build --bins --examples")
}

impl<'a> Site<'a> {
    /// Makes the pools and the role, registers the image, serves the packages.
    pub fn new(region: &'a LocalRegion) -> Self {
        let (package, newer) = packages(&served());
        let mut image = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vm/image"));
        image.stderr(std::process::Stdio::inherit());
        let image = region.register_image(Path::new(done(image).trim())).unwrap();
        region.create_pool(POOL, SLOTS, false).unwrap();
        region.create_pool(FOREIGN_POOL, SLOTS, false).unwrap();
        region.set_policy(ROLE, &agent_policy()).unwrap();
        let client = region.launch(&LaunchRequest::default()).unwrap();
        let address = region.wait_running(&client).unwrap().private_ip;
        let mut serve = region.exec(&client, &["python3", "-m", "http.server"]);
        serve.arg(WEB_PORT.to_string()).arg("--directory").arg(served());
        let server = Background::start(serve);
        let web = format!("http://{address}:{WEB_PORT}");
        let site = Self { region, image, client, web, package, newer, _server: server };
        site.wait_served();
        site
    }

    fn wait_served(&self) {
        eventually("the packages are served", || {
            let url = self.url(&self.package);
            let mut ask = self.region.exec(&self.client, &["curl", "-fsSI", &url]);
            ask.output().unwrap().status.success().then_some(())
        });
    }

    /// Where machines find a package.
    pub fn url(&self, package: &Package) -> String {
        format!("{}/{}", self.web, package.name())
    }

    /// The values of user-data that is right.
    pub fn values(&self) -> Values {
        let endpoint = self.region.info().unwrap().endpoint_inside;
        Values {
            package_url: self.url(&self.package),
            package_sha256: self.package.sha256.clone(),
            settings: SETTINGS.to_owned(),
            environment: format!("AWS_ENDPOINT_URL={endpoint}\nJVMFLAGS={JVMFLAGS}"),
        }
    }

    /// An Auto Scaling group for each zone, of one machine each. The zones take turns at the two forms of
    /// the user-data.
    pub fn groups(&self) {
        for (zone, form) in
            ["a", "b", "c"].into_iter().zip([Form::CloudConfig, Form::Script, Form::CloudConfig])
        {
            let group = GroupRequest {
                name: format!("{POOL}-{zone}"),
                desired: 1,
                zones: vec![zone.to_owned()],
                instance_type: INSTANCE_TYPE.to_owned(),
                tags: tags([("steadfast:pool", POOL)]),
                user_data: user_data(form, &self.values()),
                image: Some(self.image.clone()),
            };
            self.region.put_group(&group).unwrap();
        }
    }

    /// A machine of no group, with these tags and values.
    pub fn launch(&self, pool: Option<&str>, values: &Values) -> Guest<'a> {
        let request = LaunchRequest {
            instance_type: Some(INSTANCE_TYPE.to_owned()),
            tags: pool.map(|pool| tags([("steadfast:pool", pool)])).unwrap_or_default(),
            user_data: user_data(Form::CloudConfig, values),
            image: Some(self.image.clone()),
            ..LaunchRequest::default()
        };
        self.guest(self.region.launch(&request).unwrap())
    }

    /// The machine of an id.
    pub fn guest(&self, id: String) -> Guest<'a> {
        Guest { region: self.region, id }
    }

    /// The pool's ENIs by slot.
    pub fn slots(&self) -> BTreeMap<u8, EniView> {
        let enis = self.region.state().unwrap().enis.into_iter();
        let slots = enis.filter(|eni| eni.tags.get("steadfast:pool").is_some_and(|it| it == POOL));
        slots.map(|eni| (eni.tags["steadfast:slot"].parse().unwrap(), eni)).collect()
    }

    /// Waits until a slot has a holder other than this one; the answer is the holder.
    pub fn wait_holder(&self, slot: u8, other_than: Option<&str>) -> Guest<'a> {
        eventually(format_args!("slot {slot} has a holder, other than {other_than:?}"), || {
            let holder = self.slots().remove(&slot)?.instance?;
            (Some(holder.as_str()) != other_than).then(|| self.guest(holder))
        })
    }

    /// The servers, `address:port` each, in slot order.
    pub fn servers(&self) -> Vec<String> {
        let address = |eni: EniView| eni.ipv4[0].parse::<Ipv4Addr>().unwrap();
        let slots = self.slots().into_values();
        slots.map(|eni| SocketAddr::from((address(eni), 2181)).to_string()).collect()
    }

    /// The client, which writes without pause.
    pub fn workload(&self) -> Command {
        let program = bin_dir().join("examples/workload");
        let (program, servers) = (program.display().to_string(), self.servers().join(","));
        let command = [program.as_str(), "run", &servers, "--servers", &servers];
        self.region.exec(&self.client, &command)
    }
}

/// The package that was made and a newer one, in the directory that is served.
fn packages(directory: &Path) -> (Package, Package) {
    let built = Package::built();
    (built.copied_to(directory), built.newer_in(directory))
}

/// What `steadfast iam-policy` prints for the machines' role.
fn agent_policy() -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_steadfast"));
    command.args(["iam-policy", "--role", "agent", "--pool", POOL, "--region", "eu-west-1"]);
    command.args(["--config", "/dev/null"]);
    done(command)
}

/// Where the programs of this project lie.
fn bin_dir() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_steadfast")).parent().expect("a program in a directory")
}

/// Where what was seen is kept, beside the images.
pub fn kept() -> PathBuf {
    let target = bin_dir().parent().expect("a target directory");
    target.join("vm")
}

/// The directory that the web server serves.
fn served() -> PathBuf {
    let directory = kept().join("served");
    std::fs::create_dir_all(&directory).unwrap();
    directory
}
