//! The sandbox on two ports: one for the shop, one for JOOR.

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::Sandbox;
use crate::shopify::Delivery;
use crate::wire::{Millis, Reply, Request, Response, Side};

/// How often the server looks for webhooks to deliver.
const DELIVERY_PAUSE: Duration = Duration::from_millis(50);

/// The longest that a receiver of webhooks may take, as with Shopify.
const DELIVERY_TIME_MAX: Duration = Duration::from_secs(5);

/// Answers smaller than this are not worth compressing.
const GZIP_BYTES_MIN: usize = 1024;

/// What the time is.
pub type Clock = Arc<dyn Fn() -> Millis + Send + Sync>;

/// Ports on 127.0.0.1; 0 takes any that is free.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ports {
    /// Of the shop.
    pub shopify: u16,
    /// Of JOOR.
    pub joor: u16,
}

/// A sandbox being served.
#[derive(Debug)]
pub struct Running {
    /// `http://127.0.0.1:port`, the base URL of the service `shopify`.
    pub shopify_url: String,
    /// `http://127.0.0.1:port`; v2 is under `/v2`, v4 under `/v4`, sign-in at `/auth/`.
    pub joor_url: String,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Running {
    /// Takes no more connections and ends those that are open.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        self.tasks.shutdown().await;
    }
}

/// Serves a sandbox until it is stopped or dropped.
///
/// # Errors
///
/// When a port cannot be bound.
pub async fn serve(
    sandbox: Arc<Mutex<Sandbox>>,
    ports: Ports,
    clock: Clock,
) -> io::Result<Running> {
    let shopify = listen(ports.shopify).await?;
    let joor = listen(ports.joor).await?;
    let shopify_url = format!("http://{}", shopify.local_addr()?);
    let joor_url = format!("http://{}", joor.local_addr()?);
    lock(&sandbox).shop.set_public_url(&shopify_url);
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    for (listener, side) in [(shopify, Side::Shopify), (joor, Side::Joor)] {
        tasks.spawn(accept(
            listener,
            side,
            sandbox.clone(),
            clock.clone(),
            stopped.clone(),
        ));
    }
    tasks.spawn(deliver(sandbox, clock, stopped));
    Ok(Running {
        shopify_url,
        joor_url,
        stop,
        tasks,
    })
}

async fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await
}

fn lock(sandbox: &Mutex<Sandbox>) -> MutexGuard<'_, Sandbox> {
    sandbox.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(
    listener: TcpListener,
    side: Side,
    sandbox: Arc<Mutex<Sandbox>>,
    clock: Clock,
    mut stopped: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => return,
        };
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = accepted else {
            continue;
        };
        let (sandbox, clock) = (sandbox.clone(), clock.clone());
        connections.spawn(async move {
            let service =
                service_fn(|request| answer(request, side, sandbox.clone(), clock.clone()));
            // A connection that ends in an error is the client's to notice, or a cut on purpose.
            let _ended = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// The connection is to be closed without an answer.
#[derive(Debug)]
struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("cut on purpose")
    }
}

impl std::error::Error for Cut {}

async fn answer(
    request: hyper::Request<Incoming>,
    side: Side,
    sandbox: Arc<Mutex<Sandbox>>,
    clock: Clock,
) -> Result<hyper::Response<Full<Bytes>>, Cut> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
    let request = Request {
        method: head.method.to_string(),
        path: head
            .uri
            .path_and_query()
            .map_or_else(|| "/".to_owned(), ToString::to_string),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| {
                (
                    name.to_string(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect(),
        body: body.to_vec(),
    };
    let gzip = request
        .header("accept-encoding")
        .is_some_and(|taken| taken.contains("gzip"));
    // Writing a bulk result takes seconds for a large shop.
    let reply = tokio::task::spawn_blocking(move || {
        let now = clock();
        lock(&sandbox).handle(side, &request, now)
    });
    match reply.await {
        Ok(Reply::Answer(response)) => encode(response, gzip),
        Ok(Reply::Slow(wait, response)) => {
            tokio::time::sleep(Duration::from_millis(wait)).await;
            encode(response, gzip)
        }
        Ok(Reply::Cut) | Err(_) => Err(Cut),
    }
}

fn encode(mut response: Response, gzip: bool) -> Result<hyper::Response<Full<Bytes>>, Cut> {
    let ranged = response
        .headers
        .iter()
        .any(|(name, _)| name == "accept-ranges" || name == "content-range");
    if gzip && !ranged && response.body.len() >= GZIP_BYTES_MIN {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&response.body).map_err(|_| Cut)?;
        response.body = encoder.finish().map_err(|_| Cut)?;
        response
            .headers
            .push(("content-encoding".to_owned(), "gzip".to_owned()));
    }
    let mut builder = hyper::Response::builder().status(response.status);
    for (name, value) in response.headers {
        builder = builder.header(name, value);
    }
    builder
        .body(Full::new(Bytes::from(response.body)))
        .map_err(|_| Cut)
}

/// Delivers webhooks as they come due.
async fn deliver(sandbox: Arc<Mutex<Sandbox>>, clock: Clock, mut stopped: watch::Receiver<bool>) {
    let client = Client::builder(TokioExecutor::new()).build_http();
    loop {
        let due = lock(&sandbox).shop.take_deliveries(clock());
        let mut posts = JoinSet::new();
        for delivery in due {
            let client = client.clone();
            posts.spawn(async move {
                let taken = post(&client, &delivery).await;
                (delivery.id, taken)
            });
        }
        while let Some(posted) = posts.join_next().await {
            if let Ok((id, taken)) = posted {
                lock(&sandbox).shop.delivered(&id, taken, clock());
            }
        }
        tokio::select! {
            () = tokio::time::sleep(DELIVERY_PAUSE) => {}
            _ = stopped.changed() => return,
        }
    }
}

async fn post(client: &Client<HttpConnector, Full<Bytes>>, delivery: &Delivery) -> bool {
    let mut request = hyper::Request::post(&delivery.url);
    for (name, value) in &delivery.headers {
        request = request.header(name, value);
    }
    let Ok(request) = request.body(Full::new(Bytes::from(delivery.body.clone()))) else {
        return false;
    };
    let answer = tokio::time::timeout(DELIVERY_TIME_MAX, client.request(request)).await;
    matches!(answer, Ok(Ok(response)) if response.status().is_success())
}
