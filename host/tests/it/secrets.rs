//! After a run through every way to go wrong, no secret stands anywhere but where it was given.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, post};
use lz4_flex::frame::FrameDecoder;
use rustix::process::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::program::*;
use crate::server::signature;
use crate::support::*;
use crate::tls::serve_tls;

/// Each begins with `zebra`, or does so in base64.
const MARKS: [&str; 2] = ["zebra", "emVicm"];

const SERVER_TOKEN: &str = "zebra-token-of-the-server";

fn echo(headers: &HeaderMap) -> String {
    format!("you sent {headers:?}")
}

/// Services that say again whatever they were sent, in every way to go wrong.
async fn parrots() -> String {
    let says = |status: StatusCode| {
        any(async move |headers: HeaderMap| {
            let token = headers.get("x-shelf-token").cloned();
            let token = token.map(|token| [("x-you-sent", token)]);
            (status, token, echo(&headers)).into_response()
        })
    };
    let breaks_off = async |headers: HeaderMap| -> Response {
        let chunks = [Ok(echo(&headers)), Err(std::io::Error::other("cut"))];
        Body::from_stream(futures_util::stream::iter(chunks)).into_response()
    };
    let grants = |status: StatusCode| {
        post(async move |body: Bytes| (status, format!("<html>{}", String::from_utf8_lossy(&body))))
    };
    let granted = r#"{"access_token":"zebra-granted-token","expires_in":3600}"#;
    serve(
        Router::new()
            .route("/fine", says(StatusCode::OK))
            .route("/unauthorized", says(StatusCode::UNAUTHORIZED))
            .route("/forbidden", says(StatusCode::FORBIDDEN))
            .route("/broken", says(StatusCode::INTERNAL_SERVER_ERROR))
            .route("/cut", any(breaks_off))
            .route("/grant/html", grants(StatusCode::OK))
            .route("/grant/refused", grants(StatusCode::BAD_REQUEST))
            .route("/grant/broken", grants(StatusCode::BAD_GATEWAY))
            .route("/grant/good", post(async move || granted)),
    )
    .await
}

/// A server that answers with the very bytes it was sent, which is not HTTP.
async fn mirror() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.unwrap_or(0);
            let _ = stream.write_all(&request[..read]).await;
        }
    });
    format!("http://{address}")
}

/// One connection for each way to go wrong.
async fn ways() -> Vec<(&'static str, String)> {
    let (base, mirror) = (parrots().await, mirror().await);
    let (tls_port, _) = serve_tls().await;
    let token = "token = { file = \"secrets/token\" }";
    let fixed = |name, url: &str, steps: &str| {
        (
            name,
            connection(name, &format!("url = \"{url}\"\n{token}"), steps),
        )
    };
    let granted = |name, grant: &str| {
        let shelf = format!(
            "url = \"{base}\"\ntoken_url = \"{base}/grant/{grant}\"\n\
             client_id = \"zebra-id\"\nclient_secret = {{ file = \"secrets/client\" }}"
        );
        (
            name,
            connection(name, &shelf, &gets(&["/fine", "/unauthorized"])),
        )
    };
    let all = ["/fine", "/unauthorized", "/forbidden", "/broken", "/cut"];
    let crash = format!("{}, \"Trap\"", gets(&["/fine"]));
    vec![
        fixed("parrot", &base, &gets(&all)),
        fixed("crash", &base, &crash),
        fixed("mirror", &mirror, &gets(&["/fine"])),
        fixed(
            "tls",
            &format!("https://localhost:{tls_port}"),
            &gets(&["/fine"]),
        ),
        granted("html", "html"),
        granted("refused", "refused"),
        granted("broken", "broken"),
        granted("good", "good"),
    ]
}

/// Configurations that are refused; each has a secret near what is wrong with it.
fn refused() -> Vec<String> {
    let shelves = [
        "url = \"https://ann:zebra-in-the-address@shelf.example\"\ntoken = \"zebra\"",
        "url = \"ftp://ann:zebra-in-the-address@shelf.example\"\ntoken = \"zebra\"",
        "url = \"https://shelf.example\"\ntoken = [\"zebra-in-a-list\"]",
        "url = \"https://shelf.example\"\ntoken = { env = \"HOME\", file = \"zebra\" }",
        "url = \"https://shelf.example\"\ntokn = \"zebra-misspelt\"",
        "url = \"https://shelf.example\"\ntoken = \"zebra-one\"\nclient_id = \"zebra-too-many\"",
        "url = \"https://shelf.example\"\ntoken = \"\"\"zebra-with\na-line-end\"\"\"",
        "url = \"https://shelf.example\"\ntoken = zebra-without-quotes",
        "url = \"https://shelf.example\"\ntoken = \"zebra-that-does-not-end",
        "url = \"https://shelf.example\"\ntoken = \"zebra-one\"\ntoken = \"zebra-two\"",
    ];
    let of_the_host = [
        "[server]\ntoken = \"zebra-short\"",
        "[restate]\npostgres = \"zebra is no connection string\"",
        "[restate]\npostgres = \"postgresql://ann:zebra-of-ann@shelf.example:port/ledgers\"",
    ];
    let fine = "url = \"https://shelf.example\"\ntoken = \"zebra\"";
    let fine = connection("acme", fine, "");
    let of_the_host = of_the_host.map(|host| format!("{host}\n{fine}"));
    let of_shelves = shelves.map(|shelf| connection("acme", shelf, ""));
    of_shelves.into_iter().chain(of_the_host).collect()
}

/// All that stands in the files below a folder, unpacked where they are packed.
fn text_below(folder: &Path, found: &mut Vec<u8>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "lz4") {
            let mut packed = FrameDecoder::new(fs::File::open(path).unwrap());
            packed.read_to_end(found).unwrap();
        } else {
            found.extend(fs::read(path).unwrap());
        }
    }
}

fn assert_no_secret(text: &str, what: &str) {
    for mark in MARKS {
        let around = text.find(mark).map(|at| {
            let begin = text.floor_char_boundary(at.saturating_sub(200));
            text[begin..].chars().take(300).collect::<String>()
        });
        assert_eq!(around, None, "{what}");
    }
}

#[tokio::test]
async fn whatever_goes_wrong_no_secret_is_told_or_kept() {
    let ways = ways().await;
    let mut text =
        "[server]\nlisten = \"127.0.0.1:0\"\ntoken = { file = \"secrets/server\" }\n".to_owned();
    for (name, way) in &ways {
        text.push_str(way);
        text.push_str(&format!(
            "[connection.{name}.webhooks.shelf]\nsecrets = [{{ file = \"secrets/webhook\" }}]\n"
        ));
    }
    let program = Program::new(&text);
    program.write("secrets/token", "zebra-token-of-the-shelf");
    program.write("secrets/client", "zebra-secret-of-the-client");
    program.write("secrets/webhook", "zebra-secret-of-webhooks");
    program.write("secrets/server", SERVER_TOKEN);
    let mut said = Vec::new();

    let daemon = program.run().await;
    let look = async |path: &str, token: &str| {
        let asked = client()
            .get(format!("{}{path}", daemon.base))
            .bearer_auth(token);
        let answer = asked.send().await.unwrap();
        format!(
            "{:?} {}",
            answer.headers().clone(),
            answer.text().await.unwrap()
        )
    };
    let signed = signature("zebra-secret-of-webhooks", "{}");
    for signature in [&*signed, "zebra-forged", "emVicm"] {
        let webhook = client()
            .post(format!("{}/webhooks/parrot/shelf", daemon.base))
            .header("X-Shelf-Signature", signature)
            .header("X-Shelf-Id", "1")
            .header("X-Shelf-Topic", "stock/changed")
            .body("{}");
        said.extend(webhook.send().await.unwrap().bytes().await.unwrap());
    }
    // Until each connection has had its pass.
    while !ways
        .iter()
        .all(|(name, _)| fs::exists(program.folder().join("atsync.recordings").join(name)).unwrap())
        || look("/metrics", SERVER_TOKEN)
            .await
            .matches("atsync_passes_total{")
            .count()
            < ways.len()
    {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    for token in [SERVER_TOKEN, "zebra-guessed"] {
        for path in ["/", "/metrics", "/health", "/webhooks/parrot/shelf"] {
            said.extend(look(path, token).await.into_bytes());
        }
    }
    daemon.end(Signal::TERM).await;

    for command in ["check", "plan", "sync", "status"] {
        for json in [&[][..], &["--json"]] {
            let output = program.types(&[&[command], json].concat()).await;
            said.extend([output.stdout, output.stderr].concat());
        }
    }
    for (name, _) in &ways {
        let folder = program.folder().join("atsync.recordings").join(name);
        let recording = fs::read_dir(folder)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        let output = program
            .types(&["replay", recording.to_str().unwrap()])
            .await;
        said.extend([output.stdout, output.stderr].concat());
    }
    fs::remove_dir_all(program.folder().join("secrets")).unwrap();
    fs::remove_file(program.folder().join("atsync.toml")).unwrap();
    text_below(program.folder(), &mut said);
    let said = String::from_utf8_lossy(&said);
    // The right places are searched: what the services repeated, and each way to go wrong.
    for sign in [
        "you sent",
        "[secret]",
        "The component broke off",
        "invalid peer certificate",
        "gave no token: status 400",
        "gave no token that can be used",
        "the signature is not right",
        "{\"resumed\":",
    ] {
        assert!(said.contains(sign), "{sign} is not in what was said");
    }
    assert_no_secret(&said, "said or kept by the program");
}

#[tokio::test]
async fn a_configuration_that_is_refused_is_told_without_its_secrets() {
    for configuration in refused() {
        let program = Program::new(&configuration);
        for arguments in [&["check"][..], &["sync"], &["sync", "--json"]] {
            let output = program.types(arguments).await;
            assert!(!output.status.success(), "{configuration}");
            let said = [output.stdout, output.stderr].concat();
            assert_no_secret(&String::from_utf8_lossy(&said), &configuration);
        }
    }
}

#[tokio::test]
async fn a_database_that_is_not_there_is_told_without_its_password() {
    let shelf = "url = \"https://shelf.example\"\ntoken = \"zebra-token\"";
    let database = "[restate]\npostgres = \"postgresql://ann:zebra-of-ann@127.0.0.1:9/ledgers\"\n";
    let program = Program::new(&format!("{database}{}", connection("acme", shelf, "")));
    let output = program.types(&["restate", "--listen", "127.0.0.1:0"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = [output.stdout, output.stderr].concat();
    assert_no_secret(&String::from_utf8_lossy(&said), "the database");
}
