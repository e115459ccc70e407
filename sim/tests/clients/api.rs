//! The EC2 API: `tests/clients/test_*.py` by pytest.
//!
//! Here is what those tests need of us, a factory of regions: each connection is given a region of
//! its own, which lives as long as the connection. The first line that comes back says where the
//! region is; then it takes control requests.

use std::process::Command;
use std::sync::Arc;

use steadfast_sim::control::{Reply, Request, Timings};
use steadfast_sim::fabric::NoFabric;
use steadfast_sim::region::{Region, RegionOptions, Side};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_and_the_aws_cli_believe_the_region() {
    let python = super::venv().join("bin/python");
    let factory = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = factory.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((caller, _)) = factory.accept().await {
            tokio::spawn(region_for(caller));
        }
    });
    let run = tokio::task::spawn_blocking(move || {
        Command::new(python)
            .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"])
            .arg(super::tests())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("STEADFAST_REGION_FACTORY", address)
            .output()
    });
    super::judge(run.await.unwrap().unwrap());
}

/// Runs a region for a caller until it hangs up.
async fn region_for(caller: TcpStream) {
    let api = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", api.local_addr().unwrap());
    let region = Region::new(options(&endpoint), Arc::new(NoFabric)).await.unwrap();
    let serving = region.clone();
    tokio::spawn(async move { serving.serve_api(api, Side::Outside).await });
    // A caller that hangs up in the middle of a line is as gone as any.
    let _ = answer(caller, &region).await;
    region.control(Request::Down).await;
}

/// Things take little time, but some.
fn options(endpoint: &str) -> RegionOptions {
    RegionOptions {
        region: "eu-west-1".to_owned(),
        zones: 3,
        seed: 1,
        timings: Timings {
            api_ms: Some(1),
            attach_nic_ms: Some(50),
            attached_ms: Some(100),
            detach_ms: Some(100),
            boot_ms: Some(100),
            stop_ms: Some(100),
            terminate_ms: Some(100),
            replace_ms: Some(100),
            ..Timings::default()
        },
        endpoint_outside: endpoint.to_owned(),
        endpoint_inside: endpoint.to_owned(),
    }
}

async fn answer(caller: TcpStream, region: &Region) -> std::io::Result<()> {
    let (requests, mut replies) = caller.into_split();
    let mut requests = BufReader::new(requests).lines();
    let mut reply = region.control(Request::Describe).await;
    loop {
        let mut line = serde_json::to_vec(&reply)?;
        line.push(b'\n');
        replies.write_all(&line).await?;
        let Some(line) = requests.next_line().await? else { return Ok(()) };
        reply = match serde_json::from_str(&line) {
            Ok(request) => region.control(request).await,
            Err(error) => Reply::Error { message: error.to_string() },
        };
    }
}
