//! TLS as an operator meets it: the program itself, and the certificates the system trusts.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rcgen::CertifiedKey;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::*;

/// A server for `localhost` that says ok over TLS; gives its port and its certificate.
pub async fn serve_tls() -> (u16, String) {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (connection, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not trust us ends the handshake.
                let Ok(mut connection) = acceptor.accept(connection).await else {
                    return;
                };
                let mut request = [0; 4096];
                let _ = connection.read(&mut request).await;
                let _ = connection
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                    .await;
            });
        }
    });
    (port, cert.pem())
}

/// The answer to one GET in a pass of the program, with these certificates for the system's.
async fn answer(folder: &Path, port: u16, trusted: &str) -> Value {
    let certificates = folder.join("trusted.pem");
    std::fs::write(&certificates, trusted).unwrap();
    let config = folder.join("atsync.toml");
    let component = guest().display();
    let text = format!(
        r#"
        [connection.acme]
        component = "{component}"
        [connection.acme.services.shelf]
        url = "https://localhost:{port}"
        token = "open-sesame"
        private_addresses = true
        [connection.acme.services.market]
        token = "open-sesame"
        [connection.acme.settings]
        steps = [{{ Ask = [{{ Http = {{ service = "shelf", method = "Get", path = "/", headers = [], changes = false }} }}] }}]
        "#
    );
    std::fs::write(&config, text).unwrap();
    let output = tokio::task::spawn_blocking(move || {
        Command::new(env!("CARGO_BIN_EXE_atsync"))
            .args(["sync", "--json", "--config"])
            .arg(config)
            .env("SSL_CERT_FILE", certificates)
            .output()
            .unwrap()
    });
    let output = output.await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut told: Value = serde_json::from_str(text.trim()).unwrap_or_else(|_| panic!("{text}"));
    told["report"]["data"]["answers"][0]["answer"].take()
}

#[tokio::test]
async fn a_server_is_believed_if_the_system_trusts_its_certificate_and_only_then() {
    let folder = tempfile::tempdir().unwrap();
    let (port, its_own) = serve_tls().await;
    let (_, of_another) = serve_tls().await;

    let trusted = answer(folder.path(), port, &its_own).await;
    assert_eq!(trusted["Http"]["body"], "ok", "{trusted}");

    let not_trusted = answer(folder.path(), port, &of_another).await;
    let why = not_trusted["Failed"]["Unreachable"].as_str().unwrap();
    assert!(why.contains("invalid peer certificate"), "{why}");
}
