//! IMDS as an instance sees it, on a paused clock.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;

use super::{TOKEN_HEADER, TTL_HEADER};
use crate::control::{
    self, Fault, FaultKind, GroupRequest, InstanceView, PoolRequest, Reply, Timings,
};
use crate::fabric::NoFabric;
use crate::http::Request;
use crate::model::attach::Attach;
use crate::model::ids::{EniId, InstanceId};
use crate::region::{Region, RegionOptions};

/// A region with one running instance.
struct Scene {
    region: Region,
    instance: InstanceView,
    address: IpAddr,
}

impl Scene {
    async fn new() -> Self {
        let options = RegionOptions {
            region: "eu-west-1".to_owned(),
            zones: 3,
            seed: 1,
            timings: Timings { imds_lag_ms: Some(200), ..Timings::default() },
            endpoint_outside: String::new(),
            endpoint_inside: String::new(),
        };
        let region = Region::new(options, Arc::new(NoFabric)).await.unwrap();
        let group = GroupRequest {
            name: "zk".to_owned(),
            desired: 1,
            zones: Vec::new(),
            instance_type: "t3.small".to_owned(),
            tags: [("steadfast:pool".to_owned(), "zk".to_owned())].into(),
            user_data: "#!/bin/sh\necho hello\n".to_owned(),
            image: None,
        };
        region.control(control::Request::PutGroup(group)).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        let instance = region.with(|state| state.model.state().instances.remove(0));
        let address = instance.private_ip.parse().unwrap();
        Self { region, instance, address }
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let mut request = hyper::Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request: Request = request.body(Bytes::new()).unwrap();
        let response = super::answer(&self.region, self.address, request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn token(&self, ttl_s: &str) -> (u16, String) {
        self.send("PUT", "/latest/api/token", &[(TTL_HEADER, ttl_s)]).await
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let (_, token) = self.token("60").await;
        self.send("GET", path, &[(TOKEN_HEADER, &token)]).await
    }

    /// What is there.
    async fn text(&self, path: &str) -> String {
        let (status, text) = self.get(path).await;
        assert_eq!(status, 200, "{path}");
        text
    }

    async fn status(&self, path: &str) -> u16 {
        self.get(path).await.0
    }

    /// Attaches an interface of a new pool: the path of its branch.
    async fn attach(&self) -> String {
        let pool = PoolRequest { name: "zk".to_owned(), slots: 1, ipv6: true };
        self.region.control(control::Request::CreatePool(pool)).await;
        self.region.with(|state| {
            let eni = state.model.state().enis.pop().unwrap();
            let instance = InstanceId::parse(&self.instance.id).unwrap();
            let id = EniId::parse(&eni.id).unwrap();
            let attach = Attach { eni: id, instance, device_index: 1, network_card: None };
            state.model.attach(&attach).unwrap();
            format!("/latest/meta-data/network/interfaces/macs/{}", eni.mac)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_told_without_a_token() {
    let scene = Scene::new().await;
    let path = "/latest/meta-data/instance-id";
    assert_eq!(scene.send("GET", path, &[]).await.0, 401);
    assert_eq!(scene.send("GET", path, &[(TOKEN_HEADER, "AQAE")]).await.0, 401);
    assert_eq!(scene.text(path).await, scene.instance.id);
    assert_eq!(scene.send("POST", path, &[]).await.0, 405);
}

#[tokio::test(start_paused = true)]
async fn a_token_lives_as_long_as_was_asked() {
    let scene = Scene::new().await;
    let (status, token) = scene.token("10").await;
    assert_eq!(status, 200);
    let headers = [(TOKEN_HEADER, token.as_str())];
    tokio::time::sleep(Duration::from_millis(9_900)).await;
    assert_eq!(scene.send("GET", "/latest/meta-data/mac", &headers).await.0, 200);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(scene.send("GET", "/latest/meta-data/mac", &headers).await.0, 401);
}

#[tokio::test(start_paused = true)]
async fn a_bad_time_to_live_is_a_bad_request_and_a_proxys_is_forbidden() {
    let scene = Scene::new().await;
    for (ttl_s, status) in [("0", 400), ("21601", 400), ("x", 400), ("1", 200), ("21600", 200)] {
        assert_eq!(scene.token(ttl_s).await.0, status, "{ttl_s}");
    }
    assert_eq!(scene.send("PUT", "/latest/api/token", &[]).await.0, 400);
    let forwarded = [(TTL_HEADER, "60"), ("X-Forwarded-For", "10.0.0.9")];
    assert_eq!(scene.send("PUT", "/latest/api/token", &forwarded).await.0, 403);
    assert_eq!(scene.send("GET", "/latest/api/token", &[]).await.0, 405);
}

#[tokio::test(start_paused = true)]
async fn an_instance_learns_who_it_is() {
    let scene = Scene::new().await;
    let document = scene.text("/latest/dynamic/instance-identity/document").await;
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["instanceId"], scene.instance.id.as_str());
    assert_eq!(document["region"], "eu-west-1");
    assert_eq!(document["availabilityZone"], "eu-west-1a");
    assert_eq!(document["privateIp"], scene.instance.private_ip.as_str());
    let at = |path: &str| format!("/latest/meta-data/{path}");
    assert_eq!(scene.text(&at("placement/availability-zone")).await, "eu-west-1a");
    assert_eq!(scene.text(&at("placement/region")).await, "eu-west-1");
    assert_eq!(scene.text(&at("local-ipv4")).await, scene.instance.private_ip);
    assert_eq!(scene.text(&at("services/domain")).await, "amazonaws.com");
    assert_eq!(scene.text("/latest/user-data").await, "#!/bin/sh\necho hello\n");
}

#[tokio::test(start_paused = true)]
async fn tags_are_shown_by_key() {
    let scene = Scene::new().await;
    let listing = scene.text("/latest/meta-data/tags/instance").await;
    assert_eq!(listing, "aws:autoscaling:groupName\nsteadfast:pool");
    assert_eq!(scene.text("/latest/meta-data/tags/instance/steadfast:pool").await, "zk");
    assert_eq!(scene.status("/latest/meta-data/tags/instance/other").await, 404);
}

#[tokio::test(start_paused = true)]
async fn a_slash_at_the_end_makes_no_difference() {
    let scene = Scene::new().await;
    for path in ["/latest/meta-data", "/latest/meta-data/"] {
        let text = scene.text(path).await;
        let listing: Vec<_> = text.lines().collect();
        assert!(listing.contains(&"instance-id") && listing.contains(&"network/"), "{text}");
    }
    assert_eq!(scene.text("/").await, "latest/");
    assert_eq!(scene.text("/latest/meta-data/instance-id/").await, scene.instance.id);
    assert_eq!(scene.status("/latest/meta-data/instance-id/more").await, 404);
    assert_eq!(scene.status("/latest/meta-data/nothing").await, 404);
    assert_eq!(scene.status("/1066-10-14/meta-data/").await, 404);
}

#[tokio::test(start_paused = true)]
async fn an_attached_interface_appears_late_and_its_number_later() {
    let scene = Scene::new().await;
    let mac = scene.attach().await;
    assert_eq!(scene.status(&mac).await, 404);
    tokio::time::sleep(Duration::from_millis(210)).await;
    assert_eq!(scene.text(&format!("{mac}/device-number")).await, "0");
    assert_eq!(scene.text(&format!("{mac}/local-ipv4s")).await, "10.0.17.1");
    assert_eq!(scene.text(&format!("{mac}/ipv6s")).await, "2001:db8:5f:1::1:1");
    assert_eq!(scene.text(&format!("{mac}/subnet-ipv4-cidr-block")).await, "10.0.16.0/20");
    assert_eq!(scene.status(&format!("{mac}/network-card")).await, 404);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(scene.text(&format!("{mac}/device-number")).await, "1");
    let macs = scene.text("/latest/meta-data/network/interfaces/macs/").await;
    assert_eq!(macs.lines().count(), 2);
}

#[tokio::test(start_paused = true)]
async fn credentials_are_the_instances_own() {
    let scene = Scene::new().await;
    let role = scene.text("/latest/meta-data/iam/security-credentials/").await;
    let path = format!("/latest/meta-data/iam/security-credentials/{role}");
    let document: serde_json::Value = serde_json::from_str(&scene.text(&path).await).unwrap();
    let key = document["AccessKeyId"].as_str().unwrap();
    assert!(key.starts_with("ASIA"));
    let credentials = scene.instance.credentials.clone().unwrap();
    assert_eq!(key, credentials.access_key);
    assert!(document["Expiration"].as_str().unwrap().ends_with('Z'));
    assert!(scene.text("/latest/meta-data/iam/info").await.contains("instance-profile/steadfast"));
}

#[tokio::test(start_paused = true)]
async fn a_stranger_learns_nothing() {
    let mut scene = Scene::new().await;
    scene.address = "10.0.16.200".parse().unwrap();
    assert_eq!(scene.token("60").await.0, 404);
}

#[tokio::test(start_paused = true)]
async fn faults_hit_the_token_alone_or_everything() {
    let scene = Scene::new().await;
    let (_, token) = scene.token("60").await;
    let headers = [(TOKEN_HEADER, token.as_str())];
    let path = "/latest/meta-data/mac";
    for (action, get_status) in [("imds-token", 200), ("imds", 403)] {
        let fault = Fault {
            action: action.to_owned(),
            caller: Some(scene.instance.id.clone()),
            after: 0,
            times: None,
            probability: None,
            seed: 0,
            kind: FaultKind::Deny,
        };
        let reply = scene.region.control(control::Request::AddFault(fault)).await;
        assert!(matches!(reply, Reply::Done));
        assert_eq!(scene.token("60").await.0, 403);
        assert_eq!(scene.send("GET", path, &headers).await.0, get_status);
        scene.region.control(control::Request::ClearFaults).await;
    }
    assert_eq!(scene.token("60").await.0, 200);
}

/// cloud-init asks by date, for the oldest version that has what it wants.
#[tokio::test(start_paused = true)]
async fn a_version_that_cloud_init_asks_for_is_there_and_no_other() {
    let scene = Scene::new().await;
    for version in ["latest", "2009-04-04", "2021-03-23"] {
        let path = format!("/{version}/meta-data/instance-id");
        assert_eq!(scene.text(&path).await, scene.instance.id);
    }
    assert_eq!(scene.status("/2009-04-05/meta-data/instance-id").await, 404);
    assert_eq!(scene.status("/latest/latest/meta-data/instance-id").await, 404);
}
