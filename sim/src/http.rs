//! HTTP/1.1 on a listener, with the one thing that frameworks do not offer: a handler may have
//! the connection closed without an answer.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

/// A request with its whole body.
pub type Request = hyper::Request<Bytes>;
/// A response with its whole body.
pub type Response = hyper::Response<Full<Bytes>>;

/// No answer: the connection is to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection is closed without an answer")]
pub struct Dropped;

/// More than any EC2 request needs.
const BODY_MAX: usize = 1 << 20;

/// Serves a listener. It ends only by being dropped, and its connections then end, too.
pub async fn serve<H, F>(listener: TcpListener, handler: H)
where
    H: Fn(SocketAddr, Request) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Response, Dropped>> + Send + 'static,
{
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => drop(connections.spawn(connection(stream, from, handler.clone()))),
                // Out of descriptors, most likely: those in use come free by and by.
                Err(error) => {
                    tracing::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection<H, F>(stream: TcpStream, from: SocketAddr, handler: H)
where
    H: Fn(SocketAddr, Request) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Response, Dropped>> + Send + 'static,
{
    // Small answers, each waited for: without this some wait 40 ms for an acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let handler = handler.clone();
        async move {
            let (head, body) = request.into_parts();
            let body = Limited::new(body, BODY_MAX).collect().await.map_err(|_| Dropped)?;
            handler(from, Request::from_parts(head, body.to_bytes())).await
        }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!("a connection from {from} ended: {error}");
    }
}
